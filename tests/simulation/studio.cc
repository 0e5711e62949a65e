#include "simulation/studio.h"

#include <algorithm>

#include "base/clock.h"
#include "history/journal.h"

namespace simulation {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kStale = 30s;
/// Five seconds, two of network and a frame or two under way.
constexpr base::Duration kLongestGap = 8s;
constexpr int kMostAttempts = 8;

std::string kind_task(job::Kind kind, const std::string& prompt) {
  switch (kind) {
    case job::Kind::kLlm:
      return R"({"kind":"llm","messages":[{"role":"user","content":")" + prompt + R"("}]})";
    case job::Kind::kVideo:
      return R"({"kind":"video","prompt":")" + prompt + R"("})";
    default:
      return R"({"kind":"image","prompt":")" + prompt + R"("})";
  }
}

std::string offer_text(const Job& job) {
  return R"({"type":"offer","claim":{"jobId":")" + job.id +
         R"(","gameId":"harbour","assetName":"a","model":"m","vramGbEstimate":1.5,"task":)" +
         kind_task(job.kind, job.prompt) +
         R"(,"modelSource":{"engine":"synthetic","files":[],)"
         R"("cliDefaults":{"cfgScale":1.0,"steps":0,"width":0,"height":0}}}})";
}

}  // namespace

std::string content_of(const std::string& job, job::Kind kind) {
  return job::is_json_kind(kind) ? R"({"of":")" + job + R"(","end":true})" : "result of " + job + ", whole";
}

void Studio::add_job() {
  Job job;
  job.id = "job-" + std::to_string(jobs_.size() + 1);
  constexpr std::array kKinds = {job::Kind::kLlm, job::Kind::kImage, job::Kind::kVideo};
  job.kind = kKinds[random_.below(kKinds.size())];
  job.prompt = "a lantern for " + job.id;
  // A prompt that is too long for the journal lies in a file.
  if (jobs_.size() % 16 == 15) job.prompt += std::string(history::kTextLimit, '.');
  job.asks_later = plan_.has(Fault::kAskAgain) && random_.below(8) == 0;
  trace_.line("studio", "new " + job.id);
  queue_.push_back(job.id);
  jobs_.emplace(job.id, std::move(job));
  for (auto& [id, session] : sessions_) offer_next(id, session);
}

Job* Studio::find(const std::string& id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

void Studio::tick() {
  const auto now = clock_.now();
  std::vector<std::uint64_t> stale;
  for (const auto& [id, session] : sessions_) {
    if (now - session.heartbeat > kStale) stale.push_back(id);
  }
  for (const auto id : stale) drop(id, "stale");
  for (auto wish = ask_again_.begin(); wish != ask_again_.end();) {
    if (!calm_ && now < wish->second) {
      ++wish;
      continue;
    }
    Job& job = jobs_.at(wish->first);
    job.state = JobState::kWaiting;
    job.told = 0;
    ++job.wanted;
    queue_.push_back(job.id);
    trace_.line("studio", "wants " + job.id + " again");
    wish = ask_again_.erase(wish);
  }
}

std::uint64_t Studio::opened(std::shared_ptr<StudioWire> wire) {
  // An older socket of the same worker is told that it was replaced.
  std::vector<std::uint64_t> older;
  for (const auto& [id, session] : sessions_) older.push_back(id);
  for (const auto id : older) drop(id, "replaced");
  Session session;
  session.wire = std::move(wire);
  session.heartbeat = clock_.now();
  sessions_.emplace(++last_session_, std::move(session));
  trace_.line("studio", "session " + std::to_string(last_session_) + " opened");
  return last_session_;
}

void Studio::heard(std::uint64_t id, const std::string& text) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  // More than a third of all frames are the last heartbeat again; not reading those saves 7 % of an hour.
  if (last_heartbeat_ && text == last_heartbeat_->text && found->second.welcomed) {
    return on(id, found->second, last_heartbeat_->heartbeat);
  }
  const auto frame = protocol::decode_from_worker(text);
  if (!frame) return trace_.violation("bad-frame", frame.error().message + ": " + text.substr(0, 200));
  if (!found->second.welcomed && !std::holds_alternative<protocol::Hello>(*frame)) {
    return trace_.violation("before-hello", text.substr(0, 200));
  }
  if (const auto* heartbeat = std::get_if<protocol::Heartbeat>(&*frame)) last_heartbeat_ = {text, *heartbeat};
  std::visit([&](const auto& value) { on(id, found->second, value); }, *frame);
}

void Studio::on(std::uint64_t id, Session& session, const protocol::Hello&) {
  if (session.welcomed) return trace_.violation("second-hello", "on session " + std::to_string(id));
  session.welcomed = true;
  session.heartbeat = clock_.now();
  session.wire->say(protocol::encode_for_worker(protocol::Welcome{base::WorkerId("w-1"), "now"}));
}

void Studio::on(std::uint64_t id, Session& session, const protocol::Heartbeat& heartbeat) {
  const auto now = clock_.now();
  if (now - session.heartbeat > kLongestGap) {
    trace_.violation("missed-heartbeat", std::to_string((now - session.heartbeat) / 1ms) + " ms since the one before");
  }
  session.heartbeat = now;
  session.claiming = heartbeat.capabilities.auto_enabled;
  session.wire->say(protocol::encode_for_worker(protocol::HeartbeatAck{}));
  if (heartbeat.current_job) return;
  session.resting = false;
  offer_next(id, session);
}

void Studio::on(std::uint64_t id, Session& session, const protocol::Accept& accept) {
  Job* job = find(accept.job.str());
  const bool overtaken = job != nullptr && job->uploaded && session.owed[job->id] > 0;
  if (job == nullptr || !(holds(session, job->id) || overtaken)) {
    return trace_.violation("unknown-job", "accept of " + accept.job.str() + " on session " + std::to_string(id));
  }
  --session.owed[job->id];
  if (job->state == JobState::kOffered && holds(session, job->id)) job->state = JobState::kAccepted;
  trace_.line("studio", job->id + " accepted");
}

void Studio::on(std::uint64_t, Session& session, const protocol::Reject& reject) {
  Job* job = find(reject.job.str());
  if (job == nullptr) return trace_.violation("unknown-job", "reject of " + reject.job.str());
  trace_.line("studio", job->id + " rejected: " + reject.reason);
  // Of two offers one may be accepted and the other refused: the job stays.
  if (--session.owed[job->id] > 0) return;
  if (!holds(session, job->id) || job->state != JobState::kOffered) return;
  session.held.reset();
  session.resting = true;
  if (reject.code == job::RejectCode::kNone) {
    job->state = JobState::kDeclined;
    return;
  }
  job->state = JobState::kWaiting;
  queue_.insert(queue_.begin(), job->id);
}

void Studio::on(std::uint64_t id, Session& session, const protocol::CompleteJson& result) {
  Job* job = find(result.job.str());
  if (job == nullptr || !holds(session, job->id) || job->state != JobState::kAccepted) {
    return trace_.violation("unknown-job", "result of " + result.job.str() + " on session " + std::to_string(id));
  }
  check_content(*job, result.result, result.prompt);
  session.held.reset();
  finish(*job, "frame");
  session.wire->say(protocol::encode_for_worker(protocol::CompleteAck{result.job}));
  offer_next(id, session);
}

void Studio::on(std::uint64_t id, Session& session, const protocol::Fail& fail) {
  Job* job = find(fail.job.str());
  if (job == nullptr || !holds(session, job->id) || job->state != JobState::kAccepted) {
    return trace_.violation("unknown-job", "failure of " + fail.job.str() + " on session " + std::to_string(id));
  }
  trace_.line("studio", job->id + " failed: " + fail.error);
  session.held.reset();
  const bool again = fail.retryable && (calm_ || ++job->attempts < kMostAttempts);
  job->state = again ? JobState::kWaiting : JobState::kFailed;
  if (again) queue_.push_back(job->id);
  session.wire->say(protocol::encode_for_worker(protocol::FailAck{fail.job}));
  offer_next(id, session);
}

int Studio::complete(const std::string& id, std::uint64_t life, const std::string& bytes, const std::string& prompt) {
  Job* job = find(id);
  if (job == nullptr) {
    trace_.violation("unknown-job", "upload of " + id);
    return 404;
  }
  if (job->told == life && job->state == JobState::kDone) {
    trace_.violation("double-delivery", id + " was uploaded again after its 200");
  }
  for (auto& [number, session] : sessions_) {
    // An upload may overtake its accept.
    if (!holds(session, id) || session.wire->life() != life) continue;
    check_content(*job, bytes, prompt);
    session.held.reset();
    job->uploaded = true;
    finish(*job, "upload");
    offer_next(number, session);
    return 200;
  }
  trace_.line("studio", "409 for " + id);
  return 409;
}

void Studio::answered(const std::string& id, std::uint64_t life) {
  if (Job* job = find(id)) job->told = life;
}

void Studio::check_content(const Job& job, const std::string& bytes, const std::string& prompt) {
  if (bytes != content_of(job.id, job.kind)) {
    trace_.violation("wrong-result", "of " + job.id + ": " + bytes.substr(0, 80));
  }
  if (prompt != job.prompt) trace_.violation("wrong-prompt", "of " + job.id + ": " + prompt.substr(0, 80));
}

void Studio::finish(Job& job, const char* how) {
  job.state = JobState::kDone;
  ++job.completions;
  trace_.line("studio", job.id + " done by " + how);
  if (job.completions > job.wanted) trace_.violation("double-delivery", job.id + " was completed again");
  if (job.asks_later && !calm_ && job.wanted == 1) ask_again_[job.id] = clock_.now() + 1min;
}

void Studio::offer_next(std::uint64_t id, Session& session) {
  if (!session.welcomed || session.held || session.resting || !session.claiming || queue_.empty()) return;
  Job& job = jobs_.at(queue_.front());
  queue_.erase(queue_.begin());
  job.state = JobState::kOffered;
  job.uploaded = false;
  session.held = job.id;
  trace_.line("studio", "offers " + job.id + " on session " + std::to_string(id));
  const std::string text = offer_text(job);
  const bool twice = plan_.has(Fault::kOfferTwice) && !calm_ && random_.below(10) == 0;
  for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
    session.wire->say(text);
    ++session.owed[job.id];
  }
}

void Studio::release(Session& session, const char* why) {
  if (!session.held) return;
  Job& job = jobs_.at(*session.held);
  session.held.reset();
  job.state = JobState::kWaiting;
  queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(random_.below(queue_.size() + 1)), job.id);
  trace_.line("studio", job.id + " released: " + why);
}

void Studio::drop(std::uint64_t id, const char* why) {
  const auto found = sessions_.find(id);
  Session session = std::move(found->second);
  sessions_.erase(found);
  trace_.line("studio", "session " + std::to_string(id) + " dropped: " + why);
  session.wire->close(1011, why);
  release(session, why);
}

void Studio::closed(std::uint64_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  Session session = std::move(found->second);
  sessions_.erase(found);
  trace_.line("studio", "session " + std::to_string(id) + " closed");
  release(session, "closed");
}

void Studio::close_session(std::uint16_t code, const std::string& reason) {
  if (sessions_.empty()) return;
  const std::uint64_t id = sessions_.begin()->first;
  Session session = std::move(sessions_.begin()->second);
  sessions_.erase(sessions_.begin());
  trace_.line("studio", "closes session " + std::to_string(id) + " with " + std::to_string(code));
  session.wire->close(code, reason);
  release(session, "closed by us");
}

void Studio::say_garbage() {
  constexpr std::array kFrames = {"{", R"({"type":"offer"})", R"({"type":"nonsense"})", "[1,2]", R"({"type":7})"};
  for (auto& [id, session] : sessions_) {
    if (session.welcomed) session.wire->say(kFrames[random_.below(kFrames.size())]);
  }
}

void Studio::restart() {
  trace_.line("studio", "restarts");
  while (!sessions_.empty()) drop(sessions_.begin()->first, "restart");
}

bool Studio::all_settled() const {
  return ask_again_.empty() &&
         std::all_of(jobs_.begin(), jobs_.end(), [](const auto& entry) { return entry.second.settled(); });
}

void Studio::report_unsettled() {
  for (const auto& [id, job] : jobs_) {
    if (!job.settled()) trace_.violation("not-settled", id + " is still open");
  }
}

}  // namespace simulation
