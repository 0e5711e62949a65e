#pragma once
// Keeper: which pause rules hold now. It remembers since when each does, so that a rule starts late and ends late as it
// says. Pure; the memory outlives the policy that made it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "job/machine_facts.h"
#include "policy/pause/conditions.h"
#include "policy/pause/pause_rule.h"
#include "policy/rules/rule_set.h"

namespace policy::pause {

/// One rule that pauses.
struct Held {
  std::string title;
  std::string rule;  // file:line
  std::string why;   // "maya.bin runs", "unknown: who uses GPU 0 (...)", "maya.bin ran; resumes in 240 s"
  Action action = Action::kFinish;
  bool release_vram = false;
  bool operator==(const Held&) const = default;
};

/// Nothing held = not paused. The first one is the strongest: it gives the reason.
struct Pause {
  std::vector<Held> held;
  base::WallTime until = base::WallTime::max();  // the next edge of a window that a rule names
  bool paused() const { return !held.empty(); }
  Action action() const { return held.empty() ? Action::kFinish : held.front().action; }
  bool release_vram() const;
  void add(Held one);
};

/// A rule that pauses, as a later worker is told of it.
struct Lasting {
  std::string title;
  std::string why;
  std::optional<base::WallTime> ended;  // when its conditions ceased to hold; nothing = they held
};

class Keeper {
 public:
  /// What pauses at this moment.
  std::vector<Lasting> lasting(base::SteadyTime now, base::WallTime wall) const;
  /// What did when the worker before this one ended. While none ran nobody saw the conditions: those that held then
  /// count as held until now, so the rule still waits out its resume_after. Requires: before the first update.
  void resume(std::vector<Lasting> before, base::SteadyTime now, base::WallTime wall);

  /// Asked again at least once a second while a rule needs a sensor, and at the edges of windows.
  Pause update(rules::RuleSet& rules, const job::MachineFacts& facts, base::SteadyTime now, base::WallTime wall);

 private:
  struct Latch {
    std::optional<base::SteadyTime> since;  // the conditions hold
    std::optional<base::SteadyTime> ended;  // they held long enough once, and no longer do
    bool pauses = false;
    std::string why;
  };
  std::optional<std::string> pauses(Latch& latch, const PauseRule& rule, const Finding& finding, base::SteadyTime now);

  std::map<std::string, Latch> latches_;  // by title: what a reload keeps
};

}  // namespace policy::pause
