#pragma once
// HouseRules: the decisions that config keys and the operator's commands make, ahead of the Lua policy. Pure.

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

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
  /// What the policy's pause rules say; nothing = they do not pause. `rule` is file:line.
  void set_policy_pause(std::optional<std::string> title, std::string rule);
  /// No new job from now on, for the reason given: it goes to the studio.
  void drain(std::string reason);

  /// A job that was declined without a code, or delivered, is not for us again at once: an offer of it within 30 s is
  /// told `paused` and why, so that two sides never spin. After that the studio means it.
  void hold_back(const base::JobId& job, std::string why, base::SteadyTime now);

  bool paused(base::SteadyTime now) const;
  bool draining() const { return draining_.has_value(); }
  std::optional<base::SteadyTime> paused_until() const { return paused_ ? paused_until_ : std::nullopt; }
  /// What `autoEnabled` of the heartbeat says.
  bool claiming(base::SteadyTime now) const { return auto_enabled_ && !paused(now) && !policy_pause_ && !draining(); }

 private:
  struct HeldBack {
    base::SteadyTime since;
    std::string why;
  };
  static constexpr base::Duration kSpinGuard = std::chrono::seconds(30);

  bool auto_enabled_;
  bool only_when_idle_;
  std::string config_name_;
  bool paused_ = false;
  std::optional<base::SteadyTime> paused_until_;
  std::optional<std::string> policy_pause_;  // its title
  std::string policy_pause_rule_;
  std::optional<std::string> draining_;
  std::unordered_map<base::JobId, HeldBack> held_back_;
  std::deque<std::pair<base::SteadyTime, base::JobId>> oldest_held_;
};

}  // namespace worker
