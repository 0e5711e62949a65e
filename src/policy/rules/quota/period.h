#pragma once
// Period: the stretch of time over which a quota counts, as it lies around a moment.

#include <array>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace policy::rules {

/// Calendar days, and weeks from Monday on, of the policy's zone. Any other period is the name of a window: then every
/// occurrence is a period of its own, and between two of them there is none. Where occurrences overlap, the one that
/// started last counts.
constexpr std::string_view kPerDay = "day";
constexpr std::string_view kPerWeek = "week";
constexpr std::array<std::string_view, 2> kCalendarPeriods = {kPerDay, kPerWeek};

struct Period {
  std::optional<base::WallTime> start;  // nothing: no occurrence of the window holds
  std::optional<base::WallTime> next;   // start of the next one, if that is in sight
  base::WallTime since;                 // over which this answer holds
  base::WallTime until;
};

}  // namespace policy::rules
