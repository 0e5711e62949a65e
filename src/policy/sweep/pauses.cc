#include <algorithm>

#include "policy/sweep/searches.h"

namespace policy::sweep {
namespace {

using pause::PauseRule;
using rules::RuleSet;

/// Whether its windows let it hold at some moment of the horizon, and at each.
struct Hours {
  bool some = false;
  bool all = true;
};

Hours hours_of(RuleSet& rules, const PauseRule& rule, base::WallTime now) {
  Hours hours;
  const auto inside_any = [&](const std::vector<std::string>& names, base::WallTime when) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return rules.calendar.inside(name, when); });
  };
  const auto end = now + kHorizon;
  for (auto when = now; when < end;) {
    const bool holds = (rule.during.empty() || inside_any(rule.during, when)) && !inside_any(rule.unless, when);
    hours.some = hours.some || holds;
    hours.all = hours.all && holds;
    if (hours.some && !hours.all) break;
    auto next = end;
    for (const auto* names : {&rule.during, &rule.unless}) {
      for (const std::string& name : *names) next = std::min(next, rules.calendar.holds_until(name, when));
    }
    when = next;
  }
  return hours;
}

bool is_measured(const PauseRule& rule) {
  return !rule.apps.empty() || rule.foreign_gpu || rule.user_active_within || rule.on_battery || rule.hotter_than;
}

void search_pause(RuleSet& rules, const PauseRule& rule, base::WallTime now, Warnings& found) {
  const std::string entry = "worker.pause_when " + in_quotes(rule.title);
  if (rule.during.empty() && rule.unless.empty()) return;
  const Hours hours = hours_of(rules, rule, now);
  if (!hours.some) {
    PauseRule everywhere = rule;
    everywhere.unless.clear();
    const bool covered = !rule.unless.empty() && hours_of(rules, everywhere, now).some;
    found.push_back({rule.place, entry + " never pauses in the next " + std::to_string(kHorizon.count()) + " days: " +
                                     (covered ? "its unless covers all of the time that it could hold"
                                              : "its windows and dates lie in the past")});
  } else if (hours.all && !is_measured(rule)) {
    found.push_back({rule.place,
                     entry + " always pauses: its windows leave no moment out and it names no other condition, so no "
                             "job is ever accepted",
                     true});
  } else if (hours.all && !rule.during.empty()) {
    found.push_back({rule.place, entry + ": during leaves no moment out; without it the entry means the same"});
  }
}

}  // namespace

void search_pauses(RuleSet& rules, base::WallTime now, Warnings& found) {
  for (std::size_t i = 0; i < rules.pauses.size(); ++i) {
    const PauseRule& rule = rules.pauses[i];
    search_pause(rules, rule, now, found);
    if (rule.user_active_within == base::Duration()) {
      found.push_back({rule.place, "worker.pause_when " + in_quotes(rule.title) +
                                       " never pauses: user_active_within = 0s is never met"});
    }
  }
}

}  // namespace policy::sweep
