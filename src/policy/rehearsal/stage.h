#pragma once
// Stage: one loaded policy on a virtual clock, as the daemon would run it: pauses with their delays, bounds of memory,
// quotas of the jobs done so far. In this process and on no clock but its own; what the sensors say is given.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "job/machine_facts.h"
#include "job/offer.h"
#include "job/usage.h"
#include "policy/pause/hook_bound.h"
#include "policy/pause/keeper.h"
#include "policy/policy_runtime.h"
#include "policy/rules/rule_set.h"

namespace policy::rehearsal {

/// A machine that nobody uses: no programs, mains power, and one card of 24 GiB with 22 GiB free at 45 °C.
job::MachineFacts quiet_machine();

/// The jobs that were done on a stage, each at its moment.
class DoneJobs final : public job::Usage {
 public:
  void add(std::string game, base::WallTime at, job::Used used);
  std::vector<job::GameUse> since(base::WallTime start, base::WallTime now) const override;

 private:
  struct Done {
    std::string game;
    base::WallTime at;
    job::Used used;
  };
  std::vector<Done> done_;
};

/// The smallest of what entries and functions let jobs use of all cards together.
struct Bound {
  std::optional<base::Bytes> bytes;  // nothing = the policy says nothing
  std::string rule;                  // file:line
  bool operator==(const Bound&) const = default;
};

class Stage {
 public:
  /// Requires: `policy` outlives it, and nobody else asks it meanwhile.
  Stage(PolicyRuntime& policy, base::WallTime start, job::MachineFacts facts = quiet_machine());

  base::WallTime now() const { return now_; }
  const rules::Zone& zone() const { return rules_.calendar.zone(); }
  /// What is declared; asking it for the time caches answers.
  rules::RuleSet& rules() { return rules_; }

  /// As if the machine were switched on at that moment: nothing pauses from before. Jobs done stay done.
  void set_clock(base::WallTime now);
  /// Delays of pauses are exact: every edge of a window on the way is seen. Somebody who was idle stays idle longer.
  void advance(base::Duration span);

  const job::MachineFacts& facts() const { return facts_; }
  /// Seen at once, as by a daemon that just looked.
  void set_facts(job::MachineFacts facts);
  /// Jobs that were accepted now.
  void done(std::string game, job::Used used) { done_.add(std::move(game), now_, used); }

  /// What pauses now, entries and functions.
  const pause::Pause& pause() const { return pause_; }
  Bound bound();
  /// "file:line: text" of the first function of `pause` or `budget` that failed when it was last asked; or empty.
  const std::string& error() const { return error_; }

  /// As the daemon would decide: a pause comes first, then the rules, then the memory. With `explain` every one of them
  /// leaves its lines of trace. `known`: of this offer; time, cards and past are the stage's.
  Verdict offer(const job::Offer& offer, job::Facts known, bool explain);

 private:
  void move_to(base::WallTime when);
  base::WallTime next_edge() const;
  void look();
  void ask_functions();
  void add_pauses(job::Decision& decision, bool explain) const;
  void add_bound(const job::Offer& offer, job::Decision& decision, bool explain);
  std::span<const job::GpuFacts> cards() const;

  PolicyRuntime& policy_;
  rules::RuleSet rules_;  // its caches follow this clock
  bool has_pause_hooks_;
  bool has_budget_hooks_;
  base::WallTime now_;
  base::SteadyTime steady_;
  job::MachineFacts facts_;
  pause::Keeper keeper_;
  pause::HookBound hook_bound_;
  pause::Pause pause_;
  std::string error_;
  DoneJobs done_;
};

}  // namespace policy::rehearsal
