#include "policy/calendar_view/intervals.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace policy::calendar_view {
namespace {

using namespace std::chrono_literals;

std::string clock(std::chrono::seconds time) {
  std::array<char, 32> text{};
  const auto count = static_cast<long long>(time.count());
  if (count % 60 == 0)
    std::snprintf(text.data(), text.size(), "%02lld:%02lld", count / 3600, count / 60 % 60);
  else
    std::snprintf(text.data(), text.size(), "%02lld:%02lld:%02lld", count / 3600, count / 60 % 60, count % 60);
  return text.data();
}

/// The end is of another day where it lies there.
std::string span_text(const Outlook& outlook, const std::vector<Day>& days, const rules::Interval& when) {
  const auto day_of = [&](base::WallTime time) {
    return std::find_if(days.begin(), days.end() - 1, [&](const Day& day) { return time < day.whole.end; });
  };
  const auto first = day_of(when.start);
  const auto last = day_of(when.end - 1ns);
  const std::size_t named = outlook.days > 7 ? 14 : 3;
  auto text = date_text(outlook, *first).substr(0, named) + " " + time_of_day(outlook, when.start, *first) + "-";
  if (first != last) text += date_text(outlook, *last).substr(0, named) + " ";
  return text + time_of_day(outlook, when.end, *last);
}

}  // namespace

std::int64_t minutes_in(const Intervals& intervals) {
  base::WallTime::duration sum{};
  for (const rules::Interval& interval : intervals) sum += interval.end - interval.start;
  return std::chrono::duration_cast<std::chrono::minutes>(sum).count();
}

std::string hours_text(std::int64_t minutes) {
  if (minutes < 60 && minutes > 0) return std::to_string(minutes) + " min";
  const auto rest = minutes % 60;
  return std::to_string(minutes / 60) + " h" + (rest == 0 ? "" : " " + std::to_string(rest) + " min");
}

std::vector<Day> days_of(const Outlook& outlook) {
  std::vector<Day> days;
  for (int i = 0; i < outlook.days; ++i) {
    const auto date = outlook.first + std::chrono::days(i);
    const rules::Interval whole{outlook.zone.instant(date, 0min),
                                outlook.zone.instant(date + std::chrono::days(1), 0min)};
    if (whole.start < whole.end) days.push_back({date, whole});  // a zone that changes sides of the date line skips one
  }
  return days;
}

std::string time_of_day(const Outlook& outlook, base::WallTime when, const Day& day) {
  if (when == day.whole.end) return "24:00";
  return clock(outlook.zone.local(when) - day.date);
}

std::string date_text(const Outlook& outlook, const Day& day) {
  return rules::format_local(outlook.zone, day.whole.start).substr(0, 14);
}

std::string clock_text(const Outlook& outlook, const Day& day) {
  for (const ClockChange& change : outlook.clock_changes) {
    // A change at midnight belongs to the day that it begins or cuts short.
    if (change.at < day.whole.start || change.at >= day.whole.end) continue;
    if (change.by >= 24h) return "the day before is missing: the clocks go forward";
    const auto after = outlook.zone.local(change.at);
    const auto before = after - change.by;
    const auto [first, last] = std::minmax<std::chrono::sys_seconds>(before, after);
    const auto start_of_day = std::chrono::floor<std::chrono::days>(first);
    const auto span = clock(first - start_of_day) + "-" + clock(last - start_of_day);
    return change.by > 0min ? span + " is missing: the clocks go forward" : span + " comes twice: the clocks go back";
  }
  return {};
}

std::string PausedTimes::first_times(std::size_t most, std::string_view separator) const {
  std::string text;
  for (std::size_t i = 0; i < std::min(times.size(), most); ++i) {
    if (i > 0) text += separator;
    text += times[i];
  }
  if (times.size() > most) text += std::string(separator) + "and " + std::to_string(times.size() - most) + " more";
  return text;
}

std::vector<PausedTimes> times_by_rule(const Outlook& outlook) {
  const auto days = days_of(outlook);
  std::vector<PausedTimes> rules;
  for (const Paused& one : outlook.paused) {
    auto known = std::find_if(rules.begin(), rules.end(), [&](const PausedTimes& other) {
      return other.title == one.title && other.rule == one.rule;
    });
    if (known == rules.end()) known = rules.insert(rules.end(), {one.title, one.rule, {}});
    known->times.push_back(span_text(outlook, days, one.when));
  }
  return rules;
}

}  // namespace policy::calendar_view
