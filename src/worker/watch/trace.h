#pragma once
// Trace: what happened around the policy lately, for whoever watches: verdicts, pauses, policies. Thread: io.

#include <cstdint>
#include <deque>
#include <string>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "base/async/event.h"
#include "base/clock.h"
#include "control/operator.h"
#include "policy/pause/keeper.h"
#include "policy/policy_host.h"
#include "worker/job_pipeline.h"

namespace worker {

boost::json::object json_of(const Verdict& verdict);

class Trace {
 public:
  explicit Trace(base::Clock& clock) : clock_(clock) {}

  void decided(const Verdict& verdict);
  /// What the policy's rules pause now; nothing held = no longer.
  void paused(const policy::pause::Pause& pause);
  /// Another policy is in force, or a save is not.
  void policy(const policy::PolicyStatus& status, const std::string& summary);
  /// What somebody at this computer asked for.
  void operator_said(const std::string& text);

  control::TraceKept kept() const;
  /// The first event with at least this number that is kept; waits for one.
  asio::awaitable<control::TraceEvent> event(std::uint64_t from);
  /// The last event of all.
  std::string end() const;

 private:
  static constexpr std::size_t kMost = 500;

  /// Written out only when somebody watches: verdicts come while the studio waits.
  struct Event {
    base::WallTime at;
    std::variant<Verdict, boost::json::object> what;
  };
  void add(std::variant<Verdict, boost::json::object> what);

  base::Clock& clock_;
  std::deque<Event> events_;  // the last one has the number before `next_`
  std::uint64_t next_ = 0;
  base::Event happened_;
};

}  // namespace worker
