// Which job goes to whom, and how a claim ends: selection, pacing, release, settlement.

#include <algorithm>

#include "base/log.h"
#include "desk/studio.h"
#include "wire/outbound.h"

namespace desk {
namespace {

// After so many idle heartbeats a worker that cannot serve a job counts as one that never will.
constexpr std::uint64_t kPatience = 3;

bool can_serve(const wire::Capabilities& worker, const scenario::Entry& entry) {
  return worker.kinds.contains(scenario::to_string(entry.kind)) && worker.engines.contains(entry.engine) &&
         worker.vram_threshold_gb >= entry.vram_gb;
}

bool takes_offers_now(const Session& session) {
  const wire::Capabilities& worker = session.capabilities;
  return session.listens() && !session.held && !session.resting && session.heartbeats > 0 && worker.auto_enabled &&
         (!worker.only_when_idle || worker.presence == "idle");
}

}  // namespace

std::optional<JobIndex> Studio::pick(const Session& session) {
  for (const JobIndex index : book_.queue()) {
    const Job& job = book_.at(index);
    if (job.rests_for == session.worker || job.declined_by.contains(session.worker)) continue;
    if (can_serve(session.capabilities, *job.entry)) return index;
  }
  return std::nullopt;
}

void Studio::dispatch(base::SteadyTime now) {
  paced_wake_.reset();
  for (auto& [id, session] : sessions_) {
    if (book_.queue().empty()) return;
    if (!takes_offers_now(session)) continue;
    const auto index = pick(session);
    if (!index) continue;
    if (next_offer_ && now < *next_offer_) {
      paced_wake_ = next_offer_;
      return;
    }
    offer(session, *index, now);
  }
}

void Studio::offer(Session& session, JobIndex index, base::SteadyTime now) {
  Job& job = book_.at(index);
  job.claim = scenario::make_claim(*job.entry, job.index, job.id, base_url_);
  book_.take(index);
  job.state = JobState::kOffered;
  job.holder = session.id;
  job.rests_for.clear();
  job.answer_us.reset();
  job.offered_at = now;
  session.held = index;
  ++offers_;
  if (!first_offer_) first_offer_ = now;
  if (settings_.pace_per_second > 0) {
    const base::Duration step(static_cast<std::int64_t>(1e9 / settings_.pace_per_second));
    if (!next_offer_) next_offer_ = now;
    // The grid stays where it began: a late offer does not move those behind it.
    while (*next_offer_ <= now) *next_offer_ += step;
  }
  if (faults_.garbage.contains(offers_)) {
    for (const scenario::Garbage kind : faults_.garbage_kinds) {
      record_.count("out.garbage");
      actions_.emplace_back(
          Send{.session = session.id, .text = wire::garbage(kind), .binary = kind == scenario::Garbage::kBinary});
    }
  }
  const int copies = faults_.offer_twice.contains(offers_) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    send(session, "offer", wire::offer(job.claim.text));
    if (copy == 0) std::get<Send>(actions_.back()).offer = index;
    ++session.owed[index].answers;
    ++job.offers;
  }
  record_.count("offered");
}

void Studio::offer_leaves(JobIndex index, base::SteadyTime now) {
  book_.at(index).offered_at = now;
}

void Studio::answered(Job& job, base::SteadyTime now) {
  job.answer_us = static_cast<double>((now - job.offered_at).count()) / 1e3;
  answers_us_.push_back(*job.answer_us);
}

void Studio::wake_resting(Session& session) {
  session.resting = false;
  session.rest_until.reset();
  for (const JobIndex index : book_.queue()) {
    Job& job = book_.at(index);
    if (job.rests_for == session.worker) job.rests_for.clear();
  }
}

void Studio::note_idle(Session& session, base::SteadyTime now) {
  wake_resting(session);
  if (!session.capabilities.auto_enabled) return;
  const std::deque<JobIndex> waiting = book_.queue();
  for (const JobIndex index : waiting) {
    Job& job = book_.at(index);
    if (can_serve(session.capabilities, *job.entry))
      job.passes.erase(session.worker);
    else
      ++job.passes[session.worker];
    settle_if_hopeless(index, now);
  }
}

/// The worker says it does nothing although it holds a claim.
void Studio::note_idle_with_claim(Session& session, base::SteadyTime now) {
  const JobIndex index = *session.held;
  Job& job = book_.at(index);
  const bool waits_for_answer = job.state == JobState::kOffered;
  if (!waits_for_answer && !job.portal_answered) return;
  if (++job.unanswered_beats < kPatience) return;
  session.held.reset();
  if (!waits_for_answer) {
    job.portal_answered = false;
    if (!book_.give_back(index)) end_job(index, scenario::Outcome::kFailed, now);
    return;
  }
  // A claim written by hand may be beyond reading; any other must be answered.
  if (job.entry->raw_claim.empty()) {
    record_.violation("offer-unanswered", "three idle heartbeats came instead of an answer", "", job.id, now);
  }
  end_job(index, scenario::Outcome::kUnanswered, now);
}

void Studio::settle_if_hopeless(JobIndex index, base::SteadyTime now) {
  const Job& job = book_.at(index);
  if (job.state != JobState::kQueued) return;
  bool someone = false;
  for (const auto& [id, session] : sessions_) {
    if (session.phase != Session::Phase::kWelcomed) continue;
    someone = true;
    const auto passes = job.passes.find(session.worker);
    const bool never =
        job.declined_by.contains(session.worker) || (passes != job.passes.end() && passes->second >= kPatience);
    if (!never) return;
  }
  if (!someone) return;
  end_job(index, job.declined_by.empty() ? scenario::Outcome::kUnserved : scenario::Outcome::kDeclined, now);
}

void Studio::release(Session& session, const std::string& why, base::SteadyTime now) {
  if (!session.held) return;
  const JobIndex index = *session.held;
  session.held.reset();
  Job& job = book_.at(index);
  job.portal_answered = false;
  if (job.reoffered) return end_job(index, scenario::Outcome::kDone, now);
  job.reason = why;
  if (!book_.give_back(index)) end_job(index, scenario::Outcome::kFailed, now);
}

void Studio::end_job(JobIndex index, scenario::Outcome outcome, base::SteadyTime now) {
  Job& job = book_.at(index);
  // What was delivered once stays delivered, whatever became of the second offer.
  if (job.result) outcome = scenario::Outcome::kDone;
  book_.settle(index, outcome);
  record_.count("settled");
  const std::vector<scenario::Outcome>& expected = job.entry->expect;
  if (expected.empty() || std::find(expected.begin(), expected.end(), outcome) != expected.end()) return;
  const std::string detail = "ended as " + std::string(scenario::to_string(outcome)) + ", expected " +
                             std::string(scenario::to_string(expected.front()));
  record_.violation("expectation", job.reason.empty() ? detail : detail + ": " + job.reason, "", job.id, now);
}

}  // namespace desk
