#include "policy/simulate.h"

#include <algorithm>

#include "policy/inspect.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/units.h"

namespace policy {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::minutes kSlot{30};
constexpr int kSlots = 48;

/// From one answer of the calendar to the next: each says how long it holds.
std::vector<rules::Interval> open_times(const rules::RuleSet& rules, const rules::Interval& range) {
  if (!rules.accept_during) return {range};
  std::vector<rules::Interval> open;
  for (auto at = range.start; at < range.end;) {
    const auto opening = rules.calendar.opening(*rules.accept_during, at);
    const auto end = std::min(opening.valid.end, range.end);
    if (opening.open && !open.empty() && open.back().end == at)
      open.back().end = end;
    else if (opening.open)
      open.push_back({at, end});
    at = end;
  }
  return open;
}

std::vector<rules::Interval> clipped(const std::vector<rules::Interval>& intervals, const rules::Interval& to) {
  std::vector<rules::Interval> result;
  for (const rules::Interval& interval : intervals) {
    const rules::Interval part{std::max(interval.start, to.start), std::min(interval.end, to.end)};
    if (part.start < part.end) result.push_back(part);
  }
  return result;
}

/// "22:00"; the end of the day is 24:00.
std::string time_of_day(const Simulation& simulation, base::WallTime when, base::WallTime end_of_day) {
  if (when == end_of_day) return "24:00";
  return rules::format_local(simulation.zone, when).substr(15);
}

char cell(const std::vector<rules::Interval>& open, const rules::Interval& slot) {
  if (slot.start >= slot.end) return ' ';  // the clocks jumped over it
  const auto inside = clipped(open, slot);
  if (inside.empty()) return '.';
  return inside.size() == 1 && inside.front() == slot ? '#' : '+';
}

std::string day_line(const Simulation& simulation, std::chrono::sys_days day) {
  const auto at = [&](std::chrono::minutes time) { return simulation.zone.instant(day, time); };
  const rules::Interval whole{at(0min), at(24h)};
  const auto open = clipped(simulation.open, whole);
  std::string line = rules::format_local(simulation.zone, at(12h)).substr(0, 14) + "  ";
  for (int slot = 0; slot < kSlots; ++slot) line += cell(open, {at(slot * kSlot), at((slot + 1) * kSlot)});
  for (const rules::Interval& part : open) {
    line += "  " + time_of_day(simulation, part.start, {}) + "-" + time_of_day(simulation, part.end, whole.end);
  }
  if (open.empty()) line += "  closed";
  if (const auto length = whole.end - whole.start; length != 24h) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(length - 24h).count();
    line += "  (the clocks change: " + std::string(minutes > 0 ? "+" : "") + std::to_string(minutes) + " min)";
  }
  return line + "\n";
}

}  // namespace

std::int64_t minutes_in(const std::vector<rules::Interval>& intervals) {
  base::WallTime::duration sum{};
  for (const rules::Interval& interval : intervals) sum += interval.end - interval.start;
  return std::chrono::duration_cast<std::chrono::minutes>(sum).count();
}

base::Result<Simulation> simulate(const std::filesystem::path& path, const SimulatedDays& wanted, base::WallTime now) {
  if (wanted.days < 1 || wanted.days > kMostSimulatedDays) {
    return base::Error{base::Code::kInvalid, "days must be from 1 to " + std::to_string(kMostSimulatedDays) + ", not " +
                                                 std::to_string(wanted.days)};
  }
  TRY(const auto runtime, open_policy(path));
  const rules::RuleSet& rules = runtime->rules();
  Simulation simulation{.zone = rules.calendar.zone(), .days = wanted.days};
  simulation.first = std::chrono::floor<std::chrono::days>(simulation.zone.local(now));
  if (wanted.from) {
    const auto dates = rules::parse_dates(*wanted.from);
    if (!dates || dates->first != dates->last) {
      return base::Error{base::Code::kInvalid, "\"" + *wanted.from + "\" is no day; write it as 2026-03-23"};
    }
    simulation.first = dates->first;
  }
  const auto start_of = [&](std::chrono::sys_days day) { return simulation.zone.instant(day, 0min); };
  simulation.range = {start_of(simulation.first), start_of(simulation.first + std::chrono::days(wanted.days))};
  simulation.open = open_times(rules, simulation.range);
  return simulation;
}

std::string to_text(const Simulation& simulation) {
  std::string text = simulation.zone.name() + "\n                0     3     6     9     12    15    18    21    24\n";
  for (int day = 0; day < simulation.days; ++day)
    text += day_line(simulation, simulation.first + std::chrono::days(day));
  const auto open = minutes_in(simulation.open);
  const auto all = minutes_in({simulation.range});
  return text + "claims in " + std::to_string(open) + " of " + std::to_string(all) + " minutes (" +
         std::to_string((100 * open + all / 2) / all) + " %)   # claims  . does not  + in part";
}

}  // namespace policy
