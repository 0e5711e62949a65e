#include "policy/compare/times.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text/counted.h"
#include "policy/describe.h"

namespace policy::compare {
namespace {

using std::chrono::minutes;

constexpr std::size_t kRecurs = 3;  // on one day of the week
constexpr std::size_t kMostNamed = 5;

/// Since the start of the local day on which an interval starts.
using Clock = std::pair<minutes, minutes>;

struct Recurring {
  rules::DaySet days = 0;
  std::vector<rules::Interval> when;
};

unsigned days_in(rules::DaySet days) {
  unsigned count = 0;
  for (; days != 0; days &= static_cast<rules::DaySet>(days - 1)) ++count;
  return count;
}

std::string one(const rules::Interval& when, const rules::Zone& zone) {
  const std::string start = rules::format_local(zone, when.start);
  const std::string end = rules::format_local(zone, when.end);
  constexpr std::size_t kDate = 14;  // "mon 2026-03-23"
  return start + " - " + (start.substr(0, kDate) == end.substr(0, kDate) ? end.substr(kDate + 1) : end);
}

}  // namespace

TimesDiffer differ(const std::vector<rules::Interval>& before, const std::vector<rules::Interval>& after) {
  return {rules::without(before, after), rules::without(after, before)};
}

std::vector<TimesInWords> in_words(const std::vector<rules::Interval>& times, const rules::Zone& zone) {
  std::map<Clock, Recurring> by_clock;
  for (const rules::Interval& when : times) {
    const auto start = zone.local(when.start);
    const auto day = std::chrono::floor<std::chrono::days>(start);
    const Clock clock{std::chrono::floor<minutes>(start - day),
                      std::chrono::floor<minutes>(zone.local(when.end) - day)};
    Recurring& group = by_clock[clock];
    group.days |= static_cast<rules::DaySet>(1U << std::chrono::weekday(day).c_encoding());
    group.when.push_back(when);
  }
  std::vector<TimesInWords> words;
  std::vector<rules::Interval> single;
  for (const auto& [clock, group] : by_clock) {
    if (group.when.size() < kRecurs * days_in(group.days)) {
      single.insert(single.end(), group.when.begin(), group.when.end());
      continue;
    }
    const rules::Window window{.days = group.days, .from = clock.first, .until = clock.second};
    const std::string text = describe(window);
    words.push_back({(text.starts_with("every") || text.starts_with("from") ? "" : "every ") + text + ", " +
                         base::counted(group.when.size(), "time") + ", the first " +
                         rules::format_local(zone, group.when.front().start),
                     group.when.front().start});
  }
  std::sort(single.begin(), single.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  for (std::size_t i = 0; i < single.size() && i < kMostNamed; ++i)
    words.push_back({one(single[i], zone), single[i].start});
  if (single.size() > kMostNamed) {
    words.push_back({"and " + std::to_string(single.size() - kMostNamed) + " times more", single[kMostNamed].start});
  }
  return words;
}

}  // namespace policy::compare
