#pragma once
// Stretches of time, and one day of an outlook, as the views need them.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/calendar_view/outlook.h"

namespace policy::calendar_view {

using Intervals = std::vector<rules::Interval>;

std::int64_t minutes_in(const Intervals& intervals);

/// "9 h", "9 h 30 min", "45 min".
std::string hours_text(std::int64_t minutes);

/// One day of the local calendar.
struct Day {
  std::chrono::sys_days date;
  rules::Interval whole;
};
std::vector<Day> days_of(const Outlook& outlook);

/// "22:00", with seconds where there are some; the end of the day is 24:00.
std::string time_of_day(const Outlook& outlook, base::WallTime when, const Day& day);
/// "mon 2026-03-23".
std::string date_text(const Outlook& outlook, const Day& day);
/// "02:00-03:00 is missing: the clocks go forward"; empty on a usual day.
std::string clock_text(const Outlook& outlook, const Day& day);

/// All pauses by one rule: "tue 14:00-17:05"; with dates when there is more than one week.
struct PausedTimes {
  std::string title;
  std::string rule;
  std::vector<std::string> times;
  /// At most `most` of them, then how many more.
  std::string first_times(std::size_t most, std::string_view separator) const;
};
std::vector<PausedTimes> times_by_rule(const Outlook& outlook);

}  // namespace policy::calendar_view
