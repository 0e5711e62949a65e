#include <algorithm>

#include "policy/sweep/searches.h"

namespace policy::sweep {
namespace {

using rules::RuleSet;

/// How long it is open without a break, at most; nothing when it never opens. Stops at the first stretch that is
/// longer than `enough`.
std::optional<base::Duration> longest_opening(const RuleSet& rules, base::WallTime now, base::Duration enough) {
  std::optional<base::Duration> longest;
  const auto end = now + kHorizon;
  for (auto when = now; when < end;) {
    const auto opening = rules.calendar.opening(*rules.accept_during, when);
    if (opening.open) {
      // The horizon of one answer is days away: longer than any `enough`.
      const base::Duration length = opening.valid.end - opening.valid.start;
      longest = std::max(longest.value_or(length), length);
      if (!opening.bounded || *longest > enough) return longest;
    }
    when = opening.valid.end;
  }
  return longest;
}

void search_opening(const RuleSet& rules, base::WallTime now, Warnings& found) {
  const rules::AcceptDuring& rule = *rules.accept_during;
  const auto longest = longest_opening(rules, now, rule.finish_before_end);
  if (!longest) {
    found.push_back({rule.place,
                     "worker.accept_during does not open once in the next " + std::to_string(kHorizon.count()) +
                         " days, so no job is ever accepted: look at its windows, dates and except",
                     true});
  } else if (*longest <= rule.finish_before_end) {
    found.push_back({rule.place,
                     "finish_before_end = " + rules::format_span(rule.finish_before_end) +
                         " is as long as the longest window (" + rules::format_span(*longest) +
                         "), so no job is ever accepted: make it shorter",
                     true});
  }
}

/// Whether a window of `accept_during` starts on one of the dates that are not over.
bool takes_an_opening_away(const RuleSet& rules, const rules::DateSet& dates, std::chrono::sys_days today) {
  const auto& zone = rules.calendar.zone();
  for (const rules::DateRange& range : dates.ranges) {
    const auto first = std::max(range.first, today);
    const auto last = std::min(range.last, today + kHorizon);
    if (first > last) continue;
    const rules::Interval days{zone.instant(first, {}), zone.instant(last + std::chrono::days(1), {})};
    for (const std::string& name : rules.accept_during->names) {
      const auto times = rules.calendar.times(name, days);
      if (std::any_of(times.begin(), times.end(), [&](const auto& time) { return days.contains(time.start); }))
        return true;
    }
  }
  return false;
}

bool lists(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool declared_use(const RuleSet& rules, const std::string& name) {
  const auto& during = rules.accept_during;
  if (during && (lists(during->names, name) || lists(during->except, name))) return true;
  return std::any_of(rules.pauses.begin(), rules.pauses.end(),
                     [&](const auto& rule) { return lists(rule.during, name) || lists(rule.unless, name); }) ||
         std::any_of(rules.vram.begin(), rules.vram.end(), [&](const auto& rule) { return rule.during == name; }) ||
         std::any_of(rules.games.begin(), rules.games.end(),
                     [&](const auto& rule) { return rule.quota && rule.quota->per == name; });
}

/// A hook names it, as far as that can be told from the text: written once more than where it is declared.
bool written_again(const SourceFiles& files, const std::string& name) {
  std::size_t times = 0;
  for (const SourceFile& file : files) {
    for (const auto& quoted : {"'" + name + "'", "\"" + name + "\"", "[[" + name + "]]"}) {
      for (auto at = file.text.find(quoted); at != std::string::npos; at = file.text.find(quoted, at + 1)) ++times;
    }
  }
  return times != 1;
}

std::string last_day(const rules::DateSet& dates) {
  const auto last = std::max_element(dates.ranges.begin(), dates.ranges.end(),
                                     [](const auto& a, const auto& b) { return a.last < b.last; });
  return rules::format_local(rules::Zone::utc(), base::WallTime(last->last)).substr(4, 10);
}

}  // namespace

void search_hours(RuleSet& rules, const SourceFiles& files, base::WallTime now, Warnings& found) {
  if (rules.accept_during) search_opening(rules, now, found);
  const auto unused = [&](const std::string& name) {
    return !declared_use(rules, name) && !written_again(files, name);
  };
  for (const rules::Window& window : rules.calendar.windows()) {
    if (unused(window.name)) found.push_back({window.place, "nothing uses the window " + in_quotes(window.name)});
  }
  for (const rules::DateSet& dates : rules.calendar.dates()) {
    const auto today = std::chrono::floor<std::chrono::days>(rules.calendar.zone().local(now));
    const bool past = std::all_of(dates.ranges.begin(), dates.ranges.end(),
                                  [&](const rules::DateRange& range) { return range.last < today; });
    if (past) {
      found.push_back({dates.place, "the dates " + in_quotes(dates.name) + " are over since " + last_day(dates) +
                                        ": give them new days, or remove them"});
    } else if (rules.accept_during && lists(rules.accept_during->except, dates.name) &&
               !takes_an_opening_away(rules, dates, today)) {
      found.push_back(
          {rules.accept_during->place, "except " + in_quotes(dates.name) +
                                           " takes nothing away: dates drop the windows that start on " +
                                           "them, and none does; to close those hours, except a window of them"});
    } else if (unused(dates.name)) {
      found.push_back({dates.place, "nothing uses the dates " + in_quotes(dates.name)});
    }
  }
}

}  // namespace policy::sweep
