// What a worker's frames do: hello, heartbeat, the answers to offers, JSON results and failures.

#include "base/log.h"
#include "desk/studio.h"
#include "digest/sha256.h"
#include "wire/outbound.h"

namespace desk {
namespace {

constexpr std::chrono::milliseconds kDropAfterJson{100};

/// Names that a worker makes up must not become counters without end.
std::string incoming_name(const wire::Decoded& decoded) {
  if (!decoded.frame) return "unreadable";
  return decoded.frame->type == wire::FrameType::kUnknown ? "unknown" : decoded.frame->name;
}

/// Keeps what a session owes as small as what is open on it.
void forget_if_settled(std::map<JobIndex, Owed>& owed, std::map<JobIndex, Owed>::iterator item) {
  if (item->second.answers == 0 && item->second.deliveries == 0) owed.erase(item);
}

}  // namespace

struct Studio::FrameContext {
  Session& session;
  wire::Frame& frame;
  std::string_view text;
  base::SteadyTime now;
};

void Studio::on_text(SessionId id, std::string_view text, base::SteadyTime now) {
  Session* session = find(id);
  if (session == nullptr || session->phase == Session::Phase::kEnding || session->silent) return;
  wire::Decoded decoded = wire::decode(text);
  const std::string job = decoded.frame ? decoded.frame->job : std::string();
  record_.violations(decoded.problems, text, job, now);
  wire::Frame unreadable;
  const bool usable = decoded.frame.has_value();
  const FrameContext context{*session, usable ? *decoded.frame : unreadable, text, now};
  record_.count("in." + incoming_name(decoded));
  if (session->phase == Session::Phase::kOpen && context.frame.type != wire::FrameType::kHello) {
    breach(context, "before-hello", "session not authenticated");
  } else if (!usable) {
    shut(*session, 4002, "unreadable frame", now);
  } else {
    act(context);
  }
  after(now);
}

void Studio::on_binary(SessionId id, std::size_t size, base::SteadyTime now) {
  Session* session = find(id);
  if (session == nullptr || session->phase == Session::Phase::kEnding || session->silent) return;
  record_.count("in.binary");
  record_.violation("binary-frame", "a binary frame of " + std::to_string(size) + " bytes", "", "", now);
  shut(*session, 4002, "binary frame", now);
  after(now);
}

void Studio::act(const FrameContext& context) {
  switch (context.frame.type) {
    case wire::FrameType::kHello:
      return on_hello(context);
    case wire::FrameType::kHeartbeat:
      return on_heartbeat(context);
    case wire::FrameType::kAccept:
      return on_accept(context);
    case wire::FrameType::kReject:
      return on_reject(context);
    case wire::FrameType::kCompleteJson:
      return on_complete_json(context);
    case wire::FrameType::kFail:
      return on_fail(context);
    case wire::FrameType::kLogBatch:
      return record_.ship(context.session.worker, context.frame.entries);
    case wire::FrameType::kReadyForMore:
    case wire::FrameType::kUnknown:
      return;
  }
}

void Studio::breach(const FrameContext& context, std::string_view rule, const std::string& detail) {
  record_.violation(rule, detail, context.text, context.frame.job, context.now);
  shut(context.session, 4002, detail, context.now);
}

void Studio::on_hello(const FrameContext& context) {
  Session& session = context.session;
  if (session.phase == Session::Phase::kWelcomed) return breach(context, "second-hello", "hello after welcome");
  if (registry_.check(session.worker, context.frame.token) != Access::kGranted) {
    base::log::warn("session", "wrong token in hello", {{"worker", session.worker}});
    return shut(session, 4001, "wrong token", context.now);
  }
  session.phase = Session::Phase::kWelcomed;
  session.capabilities = std::move(context.frame.capabilities);
  session.last_heartbeat = context.now;
  record_.count("welcomed");
  base::log::info("session", "welcomed", {{"worker", session.worker}, {"agent", session.capabilities.agent_version}});
  send(session, "welcome", wire::welcome(session.worker, base::format_utc(std::chrono::system_clock::now())));
}

void Studio::on_heartbeat(const FrameContext& context) {
  Session& session = context.session;
  if (context.now - session.last_heartbeat > kLongestGap) {
    record_.violation("heartbeat-late", "more than 7.5 s since the heartbeat before", context.text, "", context.now);
  }
  session.last_heartbeat = context.now;
  ++session.heartbeats;
  session.capabilities = std::move(context.frame.capabilities);
  send(session, "heartbeatAck", wire::heartbeat_ack());
  if (context.frame.has_current_job) return;
  if (session.held)
    note_idle_with_claim(session, context.now);
  else
    note_idle(session, context.now);
}

void Studio::on_accept(const FrameContext& context) {
  Session& session = context.session;
  const auto index = book_.find(context.frame.job);
  const auto owed = index ? session.owed.find(*index) : session.owed.end();
  if (owed == session.owed.end() || owed->second.answers == 0) {
    return breach(context, "unknown-job", "accept for unknown jobId");
  }
  --owed->second.answers;
  Job& job = book_.at(*index);
  ++accepts_;
  record_.count("accepted");
  if (job.answer_us) {
    ++owed->second.deliveries;
  } else {
    answered(job, context.now);
    job.verdict = "accept";
    job.reason.clear();
    job.code.clear();
    if (job.state == JobState::kOffered && job.holder == session.id) job.state = JobState::kAccepted;
  }
  forget_if_settled(session.owed, owed);
  play_accept_faults(session, context.now);
}

void Studio::play_accept_faults(Session& session, base::SteadyTime now) {
  for (const scenario::CodeAt& fault : faults_.close_with) {
    if (fault.at != accepts_) continue;
    if (fault.code == 4004) registry_.forget(session.worker);
    shut(session, fault.code, "closed by the scenario", now);
  }
  if (faults_.drop_mid_job.contains(accepts_)) cut(session, now);
  if (faults_.go_silent_job.contains(accepts_)) silence(session);
}

void Studio::on_reject(const FrameContext& context) {
  Session& session = context.session;
  const auto index = book_.find(context.frame.job);
  const auto owed = index ? session.owed.find(*index) : session.owed.end();
  if (owed == session.owed.end() || owed->second.answers == 0) {
    record_.violation("unknown-job", "reject for unknown jobId", context.text, context.frame.job, context.now);
    return;
  }
  --owed->second.answers;
  record_.count("rejected");
  const std::string code = context.frame.code.value_or("");
  const bool soft = code == "busy" || code == "paused" || code == "insufficient_memory";
  if (context.frame.code && !soft) {
    record_.violation("reject-code", "unknown code " + code, context.text, context.frame.job, context.now);
  }
  Job& job = book_.at(*index);
  const bool more_to_come = owed->second.answers > 0;
  forget_if_settled(session.owed, owed);
  if (more_to_come || job.state != JobState::kOffered || job.holder != session.id) return;
  decline(context, *index, code, soft);
}

/// The job's only open offer was turned down: softly it waits for the worker, otherwise the worker never gets it again.
void Studio::decline(const FrameContext& context, JobIndex index, const std::string& code, bool soft) {
  Session& session = context.session;
  Job& job = book_.at(index);
  answered(job, context.now);
  job.verdict = "reject";
  job.reason = context.frame.reason;
  job.code = code;
  session.held.reset();
  if (job.reoffered) return end_job(index, scenario::Outcome::kDone, context.now);
  if (!soft) {
    job.declined_by.insert(session.worker);
    book_.requeue(index, true);
    return settle_if_hopeless(index, context.now);
  }
  ++job.soft_declines;
  if (settings_.max_soft_declines > 0 && job.soft_declines >= settings_.max_soft_declines) {
    return end_job(index, scenario::Outcome::kDeclined, context.now);
  }
  job.rests_for = session.worker;
  // Busy says nothing about the job, so it is the first that the idle worker gets; the other reasons let others pass.
  book_.requeue(index, code == "busy");
  session.resting = !settings_.offer_others_after_soft_decline;
  if (settings_.reoffer_busy_ms > 0) {
    session.rest_until = context.now + std::chrono::milliseconds(settings_.reoffer_busy_ms);
  }
}

void Studio::on_complete_json(const FrameContext& context) {
  Session& session = context.session;
  const auto index = book_.find(context.frame.job);
  ++json_results_;
  if (!index || book_.at(*index).holder != session.id || book_.at(*index).state != JobState::kAccepted) {
    if (index && tolerated_repeat(session, *index)) {
      return send(session, "completeAck", wire::complete_ack(context.frame.job));
    }
    return breach(context, "unknown-job", "completeJson for unknown jobId");
  }
  Job& job = book_.at(*index);
  if (faults_.no_json_ack.contains(json_results_)) {
    deferred_drops_.emplace_back(context.now + kDropAfterJson, session.id);
    return;
  }
  if (!scenario::has_json_result(job.entry->kind)) {
    record_.violation("delivery-route", "a JSON result for a kind that uploads", context.text, job.id, context.now);
  } else {
    wire::Problems problems;
    delivery::check_json_result(job.entry->kind, context.frame.result, problems);
    record_.violations(problems, context.text, job.id, context.now);
  }
  if (context.frame.prompt) check_prompt(job, *context.frame.prompt, context.text, context.now);
  std::string text = json::serialize(context.frame.result);
  StoredResult result{options_.keeps_files ? job.id + ".json" : "", text.size(), digest::sha256_hex(text), "json"};
  if (options_.keeps_files) actions_.emplace_back(Store{result.file, std::move(text)});
  send(session, "completeAck", wire::complete_ack(context.frame.job));
  deliver(*index, std::move(result), context.text, context.now);
}

void Studio::on_fail(const FrameContext& context) {
  Session& session = context.session;
  const auto index = book_.find(context.frame.job);
  if (!index || book_.at(*index).holder != session.id || book_.at(*index).state != JobState::kAccepted) {
    if (index && tolerated_repeat(session, *index)) return send(session, "failAck", wire::fail_ack(context.frame.job));
    return breach(context, "unknown-job", "fail for unknown jobId");
  }
  Job& job = book_.at(*index);
  record_.count("failed");
  send(session, "failAck", wire::fail_ack(context.frame.job));
  job.reason = context.frame.reason;
  job.code = context.frame.retryable ? "retryable" : "final";
  session.held.reset();
  if (context.frame.retryable && !job.reoffered) {
    if (book_.give_back(*index)) return;
  } else {
    ++job.attempts;
  }
  end_job(*index, scenario::Outcome::kFailed, context.now);
}

}  // namespace desk
