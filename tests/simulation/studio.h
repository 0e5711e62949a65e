#pragma once
// Studio: a strict studio on the virtual clock (contract 2 and 10). It offers, claims, sweeps, and knows what a worker
// must not do. Thread: the simulation's.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job/kind.h"
#include "protocol/frames.h"
#include "simulation/plan.h"
#include "simulation/trace.h"

namespace simulation {

enum class JobState : std::uint8_t { kWaiting, kOffered, kAccepted, kDone, kFailed, kDeclined };

struct Job {
  std::string id;
  job::Kind kind = job::Kind::kLlm;
  std::string prompt;
  JobState state = JobState::kWaiting;
  int attempts = 0;
  int completions = 0;
  bool uploaded = false;    // completed over HTTP, which may overtake the accept
  int wanted = 1;           // how often the studio asked for it
  std::uint64_t told = 0;   // the life of the worker that heard of the completion; 0 = none
  bool asks_later = false;  // wanted once more some time after its completion

  bool settled() const {
    return state == JobState::kDone || state == JobState::kFailed || state == JobState::kDeclined;
  }
};

/// The studio's end of a connection.
class StudioWire {
 public:
  virtual ~StudioWire() = default;
  virtual void say(std::string text) = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
  virtual std::uint64_t life() const = 0;
};

class Studio {
 public:
  Studio(const Plan& plan, base::Clock& clock, base::Random& random, Trace& trace)
      : plan_(plan), clock_(clock), random_(random), trace_(trace) {}

  void add_job();
  /// Once a second: the stale sweep, and offers that nothing else triggers.
  void tick();

  std::uint64_t opened(std::shared_ptr<StudioWire> wire);
  void heard(std::uint64_t session, const std::string& text);
  void closed(std::uint64_t session);
  /// The HTTP status of a result. `life` is the worker process that sent it.
  int complete(const std::string& job, std::uint64_t life, const std::string& bytes, const std::string& prompt);
  void answered(const std::string& job, std::uint64_t life);

  // Faults
  void close_session(std::uint16_t code, const std::string& reason);
  void say_garbage();
  void restart();

  /// From here on nothing is declined, forgotten or asked for again.
  void calm_down() { calm_ = true; }
  bool all_settled() const;
  /// A violation for each job without an end.
  void report_unsettled();
  const std::map<std::string, Job>& jobs() const { return jobs_; }
  Job* find(const std::string& id);

 private:
  struct Session {
    std::shared_ptr<StudioWire> wire;
    bool welcomed = false;
    bool claiming = false;
    bool resting = false;
    std::optional<std::string> held;
    std::map<std::string, int> owed;  // offers without an accept or reject
    base::SteadyTime heartbeat{};
  };
  struct HeardHeartbeat {
    std::string text;
    protocol::Heartbeat heartbeat;
  };

  void on(std::uint64_t id, Session& session, const protocol::Hello& hello);
  void on(std::uint64_t id, Session& session, const protocol::Heartbeat& heartbeat);
  void on(std::uint64_t id, Session& session, const protocol::Accept& accept);
  void on(std::uint64_t id, Session& session, const protocol::Reject& reject);
  void on(std::uint64_t id, Session& session, const protocol::CompleteJson& result);
  void on(std::uint64_t id, Session& session, const protocol::Fail& fail);
  void on(std::uint64_t, Session&, const protocol::LogBatch&) {}
  void on(std::uint64_t, Session&, const protocol::ReadyForMore&) {}

  void offer_next(std::uint64_t id, Session& session);
  void release(Session& session, const char* why);
  void drop(std::uint64_t id, const char* why);
  void finish(Job& job, const char* how);
  void check_content(const Job& job, const std::string& bytes, const std::string& prompt);
  bool holds(const Session& session, const std::string& job) const { return session.held == job; }

  const Plan& plan_;
  base::Clock& clock_;
  base::Random& random_;
  Trace& trace_;
  std::map<std::string, Job> jobs_;
  std::vector<std::string> queue_;
  std::map<std::uint64_t, Session> sessions_;
  std::map<std::string, base::SteadyTime> ask_again_;
  std::uint64_t last_session_ = 0;
  std::optional<HeardHeartbeat> last_heartbeat_;
  bool calm_ = false;
};

/// What a job's result must hold, whole: the engine model writes it, the studio model reads it.
std::string content_of(const std::string& job, job::Kind kind);

}  // namespace simulation
