#pragma once
// InstanceMachine: the life of one engine process, sans I/O: events and the time go in, actions come out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/result.h"
#include "process/child_process.h"

namespace engine {

using Outcome = std::variant<job::Artifacts, job::Failure>;

enum class Command : std::uint8_t { kHello, kLoad, kRun, kCancel, kQuit };

/// Write this frame.
struct Send {
  Command command;
  bool operator==(const Send&) const = default;
};
/// Send this signal to the process group.
struct Signal {
  int number;
  bool operator==(const Signal&) const = default;
};
/// Tell the job's waiter; the machine has forgotten the job.
struct Finish {
  Outcome outcome;
  /// A warm engine ended between two jobs and cannot have begun this one: it may run on a fresh instance.
  bool untouched = false;
};
using Action = std::variant<Send, Signal, Finish>;
using Actions = std::vector<Action>;

/// starting -> idle: `ready`. idle -> loading -> running, or idle -> running. running -> idle: an answer.
/// Anything -> ending (asked, told to end, or killed) -> dead: the process is reaped.
enum class Phase : std::uint8_t { kStarting, kIdle, kLoading, kRunning, kCancelling, kEnding, kDead };

struct Patience {
  base::Duration load{};
  base::Duration idle{};
  base::Duration term_again{};
  base::Duration kill_after{};
};

/// One job as the machine needs to know it.
struct JobTerms {
  base::JobId job;
  bool needs_load = false;
  base::Duration no_progress{};
  base::Duration total{};
};

class InstanceMachine {
 public:
  InstanceMachine(std::string engine, Patience patience) : engine_(std::move(engine)), patience_(patience) {}

  /// The process runs.
  Actions start(base::SteadyTime now);
  /// Requires: accepts().
  Actions submit(JobTerms terms, base::SteadyTime now);
  Actions cancel(base::SteadyTime now);
  /// The instance is to end, with or without a job.
  Actions stop(base::SteadyTime now);

  Actions ready(std::int64_t protocol, base::SteadyTime now);
  Actions loaded(base::SteadyTime now);
  /// A progress or log frame.
  Actions alive(base::SteadyTime now);
  Actions result(const base::JobId& job, job::Artifacts artifacts, base::SteadyTime now);
  /// `job` is empty when the load failed.
  Actions failed(const base::JobId& job, job::Failure failure, base::SteadyTime now);
  Actions broke_protocol(std::string_view how, base::SteadyTime now);
  /// No frame will come any more. `unread`: nor has it read all that was sent.
  Actions closed(bool unread, base::SteadyTime now);
  Actions exited(process::ExitStatus status, std::string_view last_line);
  /// `deadline()` has passed.
  Actions overdue(base::SteadyTime now);
  /// Every deadline comes so much later: we stood still, and what the engine said meanwhile is not read yet.
  void postpone(base::Duration time);

  std::optional<base::SteadyTime> deadline() const;
  Phase phase() const { return phase_; }
  /// A job may be submitted: it is idle, or on its way up.
  bool accepts() const { return !terms_ && (phase_ == Phase::kStarting || phase_ == Phase::kIdle); }
  bool is_current(const base::JobId& job) const { return terms_ && terms_->job == job; }

 private:
  /// How far the ladder has gone.
  enum class Step : std::uint8_t { kAsked, kTermed, kTermedAgain, kKilled };

  Actions begin_job(base::SteadyTime now);
  Actions settle(Outcome outcome, base::SteadyTime now);
  Actions climb(Step step, base::SteadyTime now);
  void give_verdict(job::FailureClass failure, std::string message);
  Actions overdue_job(base::SteadyTime now);
  job::Failure cause_of_end(process::ExitStatus status, std::string_view last_line) const;

  std::string engine_;
  Patience patience_;
  Phase phase_ = Phase::kStarting;
  Step step_ = Step::kAsked;
  std::optional<JobTerms> terms_;
  /// What the job ends with whatever the engine says from now on.
  std::optional<job::Failure> verdict_;
  std::optional<base::SteadyTime> deadline_;
  base::SteadyTime stalled_at_{};
  base::SteadyTime total_at_{};
  bool reused_ = false;   // the job was given to an engine that was idle
  bool touched_ = false;  // the engine has said something about the job
  bool unread_ = false;
};

}  // namespace engine
