#include "engine/instance/instance_machine.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "engine/frames.h"

namespace engine {
namespace {

constexpr std::size_t kMaxLastLine = 300;
constexpr int kShellSaysKilled = 128 + SIGKILL;

std::string seconds(base::Duration duration) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (millis % 1000 != 0) return std::to_string(millis) + " ms";
  return std::to_string(millis / 1000) + " s";
}

}  // namespace

Actions InstanceMachine::start(base::SteadyTime now) {
  deadline_ = now + patience_.load;
  return {Send{Command::kHello}};
}

Actions InstanceMachine::submit(JobTerms terms, base::SteadyTime now) {
  STUDIO_ASSERT(accepts());
  terms_ = std::move(terms);
  verdict_.reset();
  touched_ = false;
  reused_ = phase_ == Phase::kIdle;
  return reused_ ? begin_job(now) : Actions{};
}

Actions InstanceMachine::begin_job(base::SteadyTime now) {
  if (std::exchange(terms_->needs_load, false)) {
    if (phase_ != Phase::kStarting) deadline_ = now + patience_.load;
    phase_ = Phase::kLoading;
    return {Send{Command::kLoad}};
  }
  phase_ = Phase::kRunning;
  deadline_.reset();
  stalled_at_ = now + terms_->no_progress;
  total_at_ = now + terms_->total;
  return {Send{Command::kRun}};
}

Actions InstanceMachine::settle(Outcome outcome, base::SteadyTime now) {
  if (verdict_) outcome = *std::exchange(verdict_, std::nullopt);
  terms_.reset();
  phase_ = Phase::kIdle;
  deadline_ = now + patience_.idle;
  return {Finish{std::move(outcome)}};
}

Actions InstanceMachine::climb(Step step, base::SteadyTime now) {
  phase_ = Phase::kEnding;
  step_ = step;
  switch (step) {
    case Step::kAsked:
      deadline_ = now + patience_.term_again;
      return {Send{Command::kQuit}};
    case Step::kTermed:
      deadline_ = now + patience_.term_again;
      return {Signal{SIGTERM}};
    case Step::kTermedAgain:
      deadline_ = now + std::max(patience_.kill_after - patience_.term_again, base::Duration::zero());
      return {Signal{SIGTERM}};
    case Step::kKilled:
      deadline_.reset();
      return {Signal{SIGKILL}};
  }
  return {};
}

void InstanceMachine::give_verdict(job::FailureClass failure, std::string message) {
  if (terms_ && !verdict_) verdict_ = job::Failure{failure, std::move(message)};
}

Actions InstanceMachine::cancel(base::SteadyTime now) {
  if (!terms_ || phase_ == Phase::kCancelling) return {};
  give_verdict(job::FailureClass::kCancelled, "cancelled");
  if (phase_ == Phase::kStarting || phase_ == Phase::kLoading) return climb(Step::kTermed, now);
  if (phase_ != Phase::kRunning) return {};
  phase_ = Phase::kCancelling;
  deadline_ = now + patience_.term_again;
  return {Send{Command::kCancel}};
}

Actions InstanceMachine::stop(base::SteadyTime now) {
  if (phase_ == Phase::kEnding || phase_ == Phase::kDead) return {};
  Actions actions = cancel(now);
  if (phase_ == Phase::kEnding) return actions;
  for (Action& action : climb(Step::kAsked, now)) actions.push_back(std::move(action));
  return actions;
}

Actions InstanceMachine::ready(std::int64_t protocol, base::SteadyTime now) {
  if (phase_ != Phase::kStarting) return {};
  if (protocol != kProtocolVersion) {
    return broke_protocol(
        "it speaks version " + std::to_string(protocol) + ", this worker version " + std::to_string(kProtocolVersion),
        now);
  }
  if (terms_) return begin_job(now);
  phase_ = Phase::kIdle;
  deadline_ = now + patience_.idle;
  return {};
}

Actions InstanceMachine::loaded(base::SteadyTime now) {
  if (phase_ != Phase::kLoading) return {};
  touched_ = true;
  return begin_job(now);
}

Actions InstanceMachine::alive(base::SteadyTime now) {
  touched_ = true;
  if (phase_ == Phase::kRunning) stalled_at_ = now + terms_->no_progress;
  return {};
}

Actions InstanceMachine::result(const base::JobId& job, job::Artifacts artifacts, base::SteadyTime now) {
  // An answer that crossed a cancel belongs to a job that is over.
  if (!is_current(job) || (phase_ != Phase::kRunning && phase_ != Phase::kCancelling)) return {};
  return settle(std::move(artifacts), now);
}

Actions InstanceMachine::failed(const base::JobId& job, job::Failure failure, base::SteadyTime now) {
  if (job.empty()) {
    if (phase_ != Phase::kStarting && phase_ != Phase::kLoading) return {};
    // A model that is half loaded may keep its memory; only the end of the process gives it back for sure.
    give_verdict(failure.failure, std::move(failure.message));
    return climb(Step::kAsked, now);
  }
  if (!is_current(job) || (phase_ != Phase::kRunning && phase_ != Phase::kCancelling)) return {};
  return settle(std::move(failure), now);
}

Actions InstanceMachine::broke_protocol(std::string_view how, base::SteadyTime now) {
  if (phase_ == Phase::kDead) return {};
  give_verdict(job::FailureClass::kCrashed, "engine broke the protocol: " + std::string(how));
  return climb(Step::kKilled, now);
}

Actions InstanceMachine::closed(bool unread, base::SteadyTime now) {
  unread_ = unread_ || unread;
  if (phase_ == Phase::kEnding || phase_ == Phase::kDead) return {};
  // Usually the process has just ended, and how it ended is the better answer: it comes within the grace time.
  phase_ = Phase::kEnding;
  step_ = Step::kAsked;
  deadline_ = now + patience_.term_again;
  return {};
}

Actions InstanceMachine::exited(process::ExitStatus status, std::string_view last_line) {
  phase_ = Phase::kDead;
  deadline_.reset();
  if (!terms_) return {};
  const bool untouched = !verdict_ && reused_ && !touched_ && (unread_ || status.ok());
  job::Failure failure = verdict_ ? *std::exchange(verdict_, std::nullopt) : cause_of_end(status, last_line);
  terms_.reset();
  return {Finish{std::move(failure), untouched}};
}

job::Failure InstanceMachine::cause_of_end(process::ExitStatus status, std::string_view last_line) const {
  std::string said;
  if (!last_line.empty()) said = "; it said last: " + base::log::printable(last_line, kMaxLastLine);
  const bool killed = status.by_signal && status.value == SIGKILL;
  const bool killed_inside = !status.by_signal && status.value == kShellSaysKilled;
  if (killed || killed_inside) {
    return {job::FailureClass::kOomRam,
            "engine `" + engine_ + "` was killed by signal 9 (out of memory?)" + std::move(said)};
  }
  return {job::FailureClass::kCrashed,
          "engine `" + engine_ + "` ended with " + process::to_string(status) + std::move(said)};
}

std::optional<base::SteadyTime> InstanceMachine::deadline() const {
  if (phase_ == Phase::kRunning) return std::min(stalled_at_, total_at_);
  return deadline_;
}

void InstanceMachine::postpone(base::Duration time) {
  if (deadline_) *deadline_ += time;
  stalled_at_ += time;
  total_at_ += time;
}

Actions InstanceMachine::overdue(base::SteadyTime now) {
  const auto due = deadline();
  if (!due || now < *due) return {};
  switch (phase_) {
    case Phase::kStarting:
      give_verdict(job::FailureClass::kModelLoadFailed,
                   "engine `" + engine_ + "` was not ready within " + seconds(patience_.load));
      return climb(Step::kTermed, now);
    case Phase::kLoading:
      give_verdict(job::FailureClass::kModelLoadFailed,
                   "engine `" + engine_ + "` did not load the model within " + seconds(patience_.load));
      return climb(Step::kTermed, now);
    case Phase::kRunning:
      return overdue_job(now);
    case Phase::kCancelling:
      return climb(Step::kTermed, now);
    case Phase::kIdle:
      return climb(Step::kAsked, now);
    case Phase::kEnding:
      give_verdict(job::FailureClass::kCrashed, "engine broke the protocol: it closed its channel and did not end");
      return climb(static_cast<Step>(static_cast<int>(step_) + 1), now);
    case Phase::kDead:
      return {};
  }
  return {};
}

Actions InstanceMachine::overdue_job(base::SteadyTime now) {
  if (total_at_ <= now) {
    give_verdict(job::FailureClass::kTimeout, "the job took longer than " + seconds(terms_->total));
    phase_ = Phase::kCancelling;
    deadline_ = now + patience_.term_again;
    return {Send{Command::kCancel}};
  }
  // Silence says that it would not hear a cancel frame either.
  give_verdict(job::FailureClass::kStalled,
               "engine `" + engine_ + "` made no progress for " + seconds(terms_->no_progress));
  return climb(Step::kTermed, now);
}

}  // namespace engine
