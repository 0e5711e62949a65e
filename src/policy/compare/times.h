#pragma once
// Times: intervals as someone reads them who wants to know what changes. Pure.

#include <string>
#include <vector>

#include "policy/rules/calendar.h"

namespace policy::compare {

/// In one list or in the other, not in both; both merged.
struct TimesDiffer {
  std::vector<rules::Interval> removed;
  std::vector<rules::Interval> added;
  bool any() const { return !removed.empty() || !added.empty(); }
};
TimesDiffer differ(const std::vector<rules::Interval>& before, const std::vector<rules::Interval>& after);

/// What changes, and when it does so for the first time.
struct TimesInWords {
  std::string text;
  base::WallTime first;
};

/// "every day 22:00-22:01, 371 times, the first mon 2026-03-23", one entry for each pair of times of day that comes
/// again and again; what does not is named one by one. By the clocks of the zone.
std::vector<TimesInWords> in_words(const std::vector<rules::Interval>& times, const rules::Zone& zone);

}  // namespace policy::compare
