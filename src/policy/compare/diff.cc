#include "policy/compare/diff.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/text/counted.h"
#include "policy/compare/parts.h"
#include "policy/compare/times.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/units.h"

namespace policy::compare {
namespace {

using rules::Interval;

std::string place_of(const std::optional<rules::AcceptDuring>& during) {
  return during ? rules::to_string(during->place) : std::string();
}

/// The margin matters only where it leaves something of a time that ends.
bool shows(base::Duration margin, const std::vector<Interval>& open, const Interval& range) {
  return std::any_of(open.begin(), open.end(),
                     [&](const Interval& time) { return time.end < range.end && time.end - time.start > margin; });
}

using Hooks = std::vector<PolicyRuntime::HookCode>;

Hooks of_event(const Hooks& hooks, HookEvent event) {
  Hooks found;
  std::copy_if(hooks.begin(), hooks.end(), std::back_inserter(found),
               [event](const auto& hook) { return hook.at.event == event; });
  return found;
}

/// Takes away what both begin with.
void drop_common_start(Hooks& before, Hooks& after) {
  const auto [left, right] = std::mismatch(before.begin(), before.end(), after.begin(), after.end(),
                                           [](const auto& one, const auto& other) { return one.text == other.text; });
  before.erase(before.begin(), left);
  after.erase(after.begin(), right);
}

/// Takes away what both have, whatever its place.
void drop_equal(Hooks& before, Hooks& after) {
  std::erase_if(before, [&after](const auto& hook) {
    const auto same =
        std::find_if(after.begin(), after.end(), [&hook](const auto& other) { return other.text == hook.text; });
    if (same == after.end()) return false;
    after.erase(same);
    return true;
  });
}

void compare_event(Hooks before, Hooks after, HookEvent event, Diff& out) {
  // Only a log function sees what the one before it did.
  if (event == HookEvent::kLog)
    drop_common_start(before, after);
  else
    drop_equal(before, after);
  const std::string what = "function of '" + std::string(to_string(event)) + "' ";
  for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
    const std::string left = i < before.size() ? before[i].at.place : "";
    const std::string right = i < after.size() ? after[i].at.place : "";
    const std::string text = left.empty()    ? "a " + what + "is new"
                             : right.empty() ? "a " + what + "is gone"
                                             : "a " + what + "is another one";
    out.differences.push_back({"functions", text, "", left, right});
  }
}

/// The names of windows and dates that functions may ask for.
std::set<std::string> asked_for(const rules::RuleSet& rules, const Hooks& hooks) {
  std::set<std::string> names;
  for (const std::string_view name : rules.calendar.names()) {
    const std::string quoted = '"' + std::string(name) + '"';
    const bool asked = std::any_of(hooks.begin(), hooks.end(),
                                   [&](const auto& hook) { return hook.text.find(quoted) != std::string::npos; });
    if (asked) names.emplace(name);
  }
  return names;
}

}  // namespace

std::string change(const std::string& before, const std::string& after) {
  return before + " -> " + after;
}

std::string exact_size(base::Bytes bytes) {
  if (bytes >= base::kGiB && bytes % base::kGiB == 0) return std::to_string(bytes / base::kGiB) + " GiB";
  if (bytes >= base::kMiB && bytes % base::kMiB == 0) return std::to_string(bytes / base::kMiB) + " MiB";
  return base::counted(bytes, "byte");
}

void compare_hours(const Sides& sides, Diff& out) {
  const auto before = sides.before.open_times(sides.range);
  const auto after = sides.after.open_times(sides.range);
  const auto [closed, opened] = differ(before, after);
  const std::string left = place_of(sides.before.accept_during);
  const std::string right = place_of(sides.after.accept_during);
  const auto tell = [&](const std::vector<Interval>& times, const std::string& what, const std::string& verdicts) {
    for (const TimesInWords& row : in_words(times, sides.zone())) {
      const std::string first = rules::format_local(sides.zone(), row.first);
      out.differences.push_back(
          {"hours", what + row.text, first + " " + sides.zone().name() + ": " + verdicts, left, right});
    }
  };
  tell(closed, "closed now: ", "open -> closed");
  tell(opened, "open now: ", "closed -> open");
  const auto margin = [](const auto& during) { return during ? during->finish_before_end : base::Duration(); };
  const auto was = margin(sides.before.accept_during);
  const auto is = margin(sides.after.accept_during);
  const auto smaller = std::min(was, is);
  if (was == is || (!shows(smaller, before, sides.range) && !shows(smaller, after, sides.range))) return;
  out.differences.push_back(
      {"hours", "finish_before_end " + change(rules::format_span(was), rules::format_span(is)),
       "an offer " + rules::format_span(std::max(was, is) - std::chrono::seconds(1)) +
           " before a window ends: " + (is > was ? "accepted -> declined" : "declined -> accepted"),
       left, right});
}

void compare_functions(const Sides& sides, const PolicyRuntime& before, const PolicyRuntime& after, Diff& out) {
  const auto old_hooks = before.hook_code();
  const auto new_hooks = after.hook_code();
  for (std::size_t i = 0; i < kHookEventNames.size(); ++i) {
    const auto event = static_cast<HookEvent>(i);
    compare_event(of_event(old_hooks, event), of_event(new_hooks, event), event, out);
  }
  auto names = asked_for(sides.before, old_hooks);
  names.merge(asked_for(sides.after, new_hooks));
  for (const std::string& name : names) {
    const auto was = sides.before.calendar.find(name);
    const auto is = sides.after.calendar.find(name);
    if (was && is) {
      const auto times = [&](const rules::RuleSet& rules) {
        return rules::merged(rules.calendar.times(name, sides.range));
      };
      if (!differ(times(sides.before), times(sides.after)).any()) continue;
    }
    out.differences.push_back({"functions",
                               "functions that ask for \"" + base::log::printable(name) + "\" hear of other times", "",
                               was ? rules::to_string(*was) : "", is ? rules::to_string(*is) : ""});
  }
}

Diff diff(const PolicyRuntime& before, const PolicyRuntime& after, base::WallTime now) {
  const auto& zone = after.rules().calendar.zone();
  const auto today = std::chrono::floor<std::chrono::days>(zone.local(now));
  Diff out{.range = {zone.instant(today, {}), zone.instant(today + kHorizon, {})}};
  const Sides sides{before.rules(), after.rules(), out.range};
  compare_hours(sides, out);
  compare_games(sides, out);
  compare_memory(sides, out);
  compare_pauses(sides, out);
  compare_logs(sides, out);
  compare_functions(sides, before, after, out);
  out.functions = before.has_hooks()[HookEvent::kOffer] || after.has_hooks()[HookEvent::kOffer];
  return out;
}

}  // namespace policy::compare
