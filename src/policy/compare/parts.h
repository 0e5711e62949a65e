#pragma once
// The parts of a diff, one for each kind of declaration. Each adds what it finds.

#include <string>

#include "base/ids.h"
#include "policy/compare/diff.h"
#include "policy/rules/rule_set.h"

namespace policy::compare {

struct Sides {
  const rules::RuleSet& before;
  const rules::RuleSet& after;
  rules::Interval range;

  /// By whose clocks times are told.
  const rules::Zone& zone() const { return after.calendar.zone(); }
};

void compare_hours(const Sides& sides, Diff& out);
void compare_games(const Sides& sides, Diff& out);
void compare_memory(const Sides& sides, Diff& out);
void compare_pauses(const Sides& sides, Diff& out);
void compare_logs(const Sides& sides, Diff& out);
void compare_functions(const Sides& sides, const PolicyRuntime& before, const PolicyRuntime& after, Diff& out);

/// `a -> b`.
std::string change(const std::string& before, const std::string& after);
/// As text that shows a difference of one byte: "10 GiB", "10241 MiB", "10737418241 bytes".
std::string exact_size(base::Bytes bytes);

}  // namespace policy::compare
