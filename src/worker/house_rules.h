#pragma once
// HouseRules: the decisions that config keys and the operator's commands make, ahead of the Lua policy. Pure.

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "job/decision.h"

namespace worker {

class HouseRules {
 public:
  /// `config_name` stands in for a policy's file name in `Decision::rule`.
  HouseRules(bool auto_enabled, bool only_when_idle, std::string config_name);

  /// Accepted means that no house rule objects.
  job::Decision decide(const base::JobId& job, base::SteadyTime now);

  void set_auto_enabled(bool enabled) { auto_enabled_ = enabled; }
  void pause(std::optional<base::SteadyTime> until);
  void resume();
  /// No new job from now on, for the reason given: it goes to the studio.
  void drain(std::string reason);

  /// The job was declined without a code. A studio that offers it to us again at once is told `paused`: two sides
  /// must not spin.
  void declined_for_good(const base::JobId& job, base::SteadyTime now);

  bool paused(base::SteadyTime now) const;
  bool draining() const { return draining_.has_value(); }
  std::optional<base::SteadyTime> paused_until() const { return paused_ ? paused_until_ : std::nullopt; }
  /// What `autoEnabled` of the heartbeat says.
  bool claiming(base::SteadyTime now) const { return auto_enabled_ && !paused(now) && !draining(); }

 private:
  static constexpr base::Duration kSpinGuard = std::chrono::seconds(30);

  bool auto_enabled_;
  bool only_when_idle_;
  std::string config_name_;
  bool paused_ = false;
  std::optional<base::SteadyTime> paused_until_;
  std::optional<std::string> draining_;
  std::map<base::JobId, base::SteadyTime> declined_;
};

}  // namespace worker
