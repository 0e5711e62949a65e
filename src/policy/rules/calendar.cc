#include "policy/rules/calendar.h"

#include <algorithm>

namespace policy::rules {
namespace {

/// Days looked at on both sides: the longest window must fit, with a day for the zone's offset.
constexpr std::chrono::days kReach{10};

bool contains(const DateSet& dates, std::chrono::sys_days day) {
  return std::any_of(dates.ranges.begin(), dates.ranges.end(),
                     [day](const DateRange& range) { return range.first <= day && day <= range.last; });
}

std::chrono::sys_days day_of(std::chrono::sys_seconds local) {
  return std::chrono::floor<std::chrono::days>(local);
}

}  // namespace

std::vector<Interval> merged(std::vector<Interval> parts) {
  std::sort(parts.begin(), parts.end(), [](const Interval& a, const Interval& b) { return a.start < b.start; });
  std::vector<Interval> result;
  for (const Interval& part : parts) {
    if (!result.empty() && part.start <= result.back().end)
      result.back().end = std::max(result.back().end, part.end);
    else
      result.push_back(part);
  }
  return result;
}

std::vector<Interval> without(const std::vector<Interval>& from, const std::vector<Interval>& holes) {
  std::vector<Interval> result;
  for (Interval rest : from) {
    for (const Interval& hole : holes) {
      if (hole.end <= rest.start || hole.start >= rest.end) continue;
      if (hole.start > rest.start) result.push_back({rest.start, hole.start});
      rest.start = std::min(hole.end, rest.end);
    }
    if (rest.start < rest.end) result.push_back(rest);
  }
  return result;
}

std::vector<Interval> cut_to(const std::vector<Interval>& intervals, const Interval& to) {
  std::vector<Interval> result;
  for (const Interval& interval : intervals) {
    const Interval part{std::max(interval.start, to.start), std::min(interval.end, to.end)};
    if (part.start < part.end) result.push_back(part);
  }
  return result;
}

const Window* Calendar::find_window(std::string_view name) const {
  for (const Entry& entry : windows_) {
    if (entry.window.name == name) return &entry.window;
  }
  return nullptr;
}

const DateSet* Calendar::find_dates(std::string_view name) const {
  for (const DateSet& dates : dates_) {
    if (dates.name == name) return &dates;
  }
  return nullptr;
}

void Calendar::add(Window window) {
  zone_.open();
  windows_.push_back({std::move(window), {}, false});
}

void Calendar::add(DateSet dates) {
  zone_.open();
  dates_.push_back(std::move(dates));
}

std::optional<Place> Calendar::find(std::string_view name) const {
  if (const auto* window = find_window(name)) return window->place;
  if (const auto* dates = find_dates(name)) return dates->place;
  return std::nullopt;
}

std::vector<Window> Calendar::windows() const {
  std::vector<Window> windows;
  windows.reserve(windows_.size());
  for (const Entry& entry : windows_) windows.push_back(entry.window);
  return windows;
}

std::vector<std::string_view> Calendar::names() const {
  std::vector<std::string_view> result;
  for (const Entry& entry : windows_) result.emplace_back(entry.window.name);
  for (const DateSet& dates : dates_) result.emplace_back(dates.name);
  return result;
}

std::optional<Interval> Calendar::occurrence(const Window& window, std::chrono::sys_days day) const {
  if ((window.days >> std::chrono::weekday(day).c_encoding() & 1) == 0) return std::nullopt;
  const auto start = zone_.instant(day, window.from);
  const auto end = window.lasts ? start + *window.lasts : zone_.instant(day, window.until);
  if (end <= start) return std::nullopt;  // the clocks jumped over all of it
  return Interval{start, end};
}

std::vector<Calendar::Occurrence> Calendar::occurrences(std::string_view name, const Days& reach) const {
  std::vector<Occurrence> result;
  const auto* window = find_window(name);
  const auto* dates = find_dates(name);
  const Window whole_day{.until = std::chrono::hours(24)};
  for (auto day = reach.first; day <= reach.last; day += std::chrono::days(1)) {
    if (window == nullptr && (dates == nullptr || !contains(*dates, day))) continue;
    const auto when = occurrence(window != nullptr ? *window : whole_day, day);
    if (when) result.push_back({*when, window != nullptr ? window->name : dates->name});
  }
  return result;
}

bool Calendar::inside(std::string_view name, base::WallTime now) {
  const auto today = day_of(zone_.local(now));
  const auto entry = std::find_if(windows_.begin(), windows_.end(),
                                  [name](const Entry& candidate) { return candidate.window.name == name; });
  if (entry == windows_.end()) {
    const auto* dates = find_dates(name);
    return dates != nullptr && contains(*dates, today);
  }
  if (entry->valid.contains(now)) return entry->inside;
  std::vector<Interval> parts;
  for (const Occurrence& found : occurrences(name, near(today))) parts.push_back(found.when);
  entry->inside = false;
  entry->valid = {now, zone_.instant(today + std::chrono::days(1), {})};
  for (const Interval& part : merged(std::move(parts))) {
    if (part.contains(now)) {
      entry->inside = true;
      entry->valid = part;
    } else if (part.start > now) {
      entry->valid.end = entry->inside ? entry->valid.end : part.start;
      break;
    }
  }
  return entry->inside;
}

base::WallTime Calendar::holds_until(std::string_view name, base::WallTime now) {
  inside(name, now);
  const auto entry = std::find_if(windows_.begin(), windows_.end(),
                                  [name](const Entry& candidate) { return candidate.window.name == name; });
  if (entry != windows_.end()) return entry->valid.end;
  return zone_.instant(day_of(zone_.local(now)) + std::chrono::days(1), {});
}

std::vector<Interval> Calendar::periods_around(std::string_view per, const Days& reach) const {
  std::vector<Interval> parts;
  if (find(per)) {
    for (const Occurrence& found : occurrences(per, reach)) parts.push_back(found.when);
    return parts;
  }
  const std::chrono::days length(per == kPerWeek ? 7 : 1);
  for (auto day = reach.first; day <= reach.last; day += std::chrono::days(1)) {
    if (per == kPerWeek && std::chrono::weekday(day) != std::chrono::Monday) continue;
    parts.push_back({zone_.instant(day, {}), zone_.instant(day + length, {})});
  }
  return parts;
}

Calendar::Days Calendar::days_of(const Interval& range) const {
  return {day_of(zone_.local(range.start)) - kReach, day_of(zone_.local(range.end)) + kReach};
}

std::vector<Interval> Calendar::times(std::string_view name, const Interval& range) const {
  auto parts = periods_around(name, days_of(range));
  std::erase_if(parts, [&](const Interval& part) { return part.end <= range.start || part.start >= range.end; });
  return parts;
}

std::vector<Interval> Calendar::open_times(const AcceptDuring& rule, const Interval& range) const {
  const Around whole = around(rule, days_of(range));
  std::vector<Interval> parts;
  parts.reserve(whole.opens.size());
  for (const Occurrence& found : whole.opens) parts.push_back(found.when);
  return cut_to(without(merged(std::move(parts)), merged(whole.holes)), range);
}

Period Calendar::find_period(std::string_view per, base::WallTime now) const {
  const auto today = day_of(zone_.local(now));
  const auto parts = periods_around(per, near(today));
  Period period;
  period.since = now;
  period.until = zone_.instant(today + kReach - std::chrono::days(1), {});
  for (const Interval& part : parts) {
    if (part.start > now) {
      period.next = part.start;
      period.until = std::min(period.until, part.start);
      break;
    }
    if (!part.contains(now)) continue;
    period.start = part.start;
    period.until = part.end;
  }
  return period;
}

const Period& Calendar::period(std::string_view per, base::WallTime now) {
  auto known = std::find_if(periods_.begin(), periods_.end(), [per](const auto& entry) { return entry.first == per; });
  if (known == periods_.end()) known = periods_.insert(known, {std::string(per), {}});
  Period& period = known->second;
  if (now < period.since || now >= period.until) period = find_period(per, now);
  return period;
}

std::vector<base::WallTime> Calendar::period_starts(base::WallTime now) {
  std::vector<base::WallTime> starts;
  const auto add = [&](std::string_view per) {
    if (const auto start = period(per, now).start) starts.push_back(*start);
  };
  for (const std::string_view per : kCalendarPeriods) add(per);
  for (const Entry& entry : windows_) add(entry.window.name);
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

Calendar::Days Calendar::near(std::chrono::sys_days day) {
  return {day - kReach, day + kReach};
}

Calendar::Around Calendar::around(const AcceptDuring& rule, const Days& reach) const {
  const auto excepted_date = [&](base::WallTime start) -> std::string_view {
    const auto day = day_of(zone_.local(start));
    for (const std::string& name : rule.except) {
      const auto* dates = find_dates(name);
      if (dates != nullptr && contains(*dates, day)) return dates->name;
    }
    return {};
  };
  Around result;
  for (const std::string& name : rule.names) {
    for (const Occurrence& found : occurrences(name, reach)) {
      const auto by = excepted_date(found.when.start);
      if (by.empty())
        result.opens.push_back(found);
      else
        result.closes.push_back({found.when, by});
    }
  }
  for (const std::string& name : rule.except) {
    if (find_window(name) == nullptr) continue;
    for (const Occurrence& found : occurrences(name, reach)) {
      result.holes.push_back(found.when);
      result.closes.push_back(found);
    }
  }
  return result;
}

Opening Calendar::opening(const AcceptDuring& rule, base::WallTime now) const {
  const auto today = day_of(zone_.local(now));
  const Around nearby = around(rule, near(today));
  std::vector<Interval> parts;
  for (const Occurrence& found : nearby.opens) parts.push_back(found.when);
  // Beyond the horizon a later occurrence could be missing from the list: no answer reaches farther.
  const auto horizon = zone_.instant(today + kReach - std::chrono::days(1), {});
  Opening result;
  result.valid = {now, horizon};
  result.bounded = false;
  for (const Interval& part : without(merged(std::move(parts)), merged(nearby.holes))) {
    if (part.end <= now) {
      result.valid.start = part.end;
      continue;
    }
    result.open = part.start <= now;
    const auto change = result.open ? part.end : part.start;
    if (result.open) result.valid.start = part.start;
    result.bounded = change < horizon;
    result.valid.end = std::min(change, horizon);
    break;
  }
  base::WallTime last{};
  for (const Occurrence& found : nearby.opens) {
    const bool fits = found.when.contains(result.open ? now : result.valid.end);
    if (!fits || found.when.end <= last) continue;
    result.window = found.name;
    last = found.when.end;
  }
  for (const Occurrence& found : nearby.closes) {
    if (!result.open && result.closed_by.empty() && found.when.contains(now)) result.closed_by = found.name;
  }
  return result;
}

}  // namespace policy::rules
