// When the worker pauses, entry by entry.

#include <algorithm>
#include <cctype>

#include "base/log.h"
#include "policy/compare/parts.h"
#include "policy/compare/times.h"
#include "policy/rules/units.h"

namespace policy::compare {
namespace {

using pause::PauseRule;
using rules::Interval;

std::string in_quotes(const std::string& text) {
  return "\"" + base::log::printable(text, 200) + "\"";
}

/// Patterns of programs, as they are matched: in any order, in small letters.
std::string programs(const std::vector<std::string>& patterns) {
  std::vector<std::string> sorted = patterns;
  for (std::string& pattern : sorted) {
    std::transform(pattern.begin(), pattern.end(), pattern.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string text;
  for (const std::string& pattern : sorted) text += (text.empty() ? "" : ", ") + base::log::printable(pattern, 200);
  return text.empty() ? "none" : text;
}

std::string span(const std::optional<base::Duration>& time) {
  return time ? rules::format_span(*time) : "none";
}

std::string cards(const PauseRule& rule) {
  if (!rule.foreign_gpu && !rule.hotter_than) return "any";
  std::vector<std::uint32_t> sorted = rule.gpus;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string text;
  for (const std::uint32_t card : sorted) text += (text.empty() ? "" : ", ") + std::to_string(card);
  return text.empty() ? "any" : text;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields fields_of(const PauseRule& rule) {
  const bool measured =
      !rule.apps.empty() || rule.foreign_gpu || rule.user_active_within || rule.on_battery || rule.hotter_than;
  const auto& foreign = rule.foreign_gpu;
  return {{"apps", programs(rule.apps)},
          {"foreign_gpu", foreign ? "true" : "false"},
          {"min_vram", foreign ? exact_size(foreign->min_vram) : "none"},
          {"ignore", foreign ? programs(foreign->ignore) : "none"},
          {"user_active_within", span(rule.user_active_within)},
          {"on_battery", rule.on_battery ? (*rule.on_battery ? "true" : "false") : "none"},
          {"hotter_than", rule.hotter_than ? std::to_string(*rule.hotter_than) + " C" : "none"},
          {"gpus", cards(rule)},
          {"action", std::string(pause::to_string(rule.effective()))},
          {"release_vram", rule.release_vram ? "true" : "false"},
          {"start_after", span(rule.start_after)},
          {"resume_after", span(rule.resume_after)},
          {"if_unknown", !measured || rule.pause_if_unknown ? "pause" : "ignore"}};
}

std::vector<Interval> of_all(const rules::Calendar& calendar, const std::vector<std::string>& names,
                             const Interval& range) {
  std::vector<Interval> times;
  for (const std::string& name : names) {
    const auto more = calendar.times(name, range);
    times.insert(times.end(), more.begin(), more.end());
  }
  return rules::cut_to(rules::merged(std::move(times)), range);
}

/// When the entry looks at its conditions at all.
std::vector<Interval> times_of(const rules::RuleSet& rules, const PauseRule& rule, const Interval& range) {
  const auto during = rule.during.empty() ? std::vector<Interval>{range} : of_all(rules.calendar, rule.during, range);
  return rules::without(during, of_all(rules.calendar, rule.unless, range));
}

const PauseRule* find(const rules::RuleSet& rules, const std::string& title) {
  const auto found = std::find_if(rules.pauses.begin(), rules.pauses.end(),
                                  [&title](const PauseRule& rule) { return rule.title == title; });
  return found == rules.pauses.end() ? nullptr : &*found;
}

void compare_entry(const Sides& sides, const PauseRule& was, const PauseRule& is, Diff& out) {
  const auto add = [&](const std::string& text, const std::string& witness) {
    out.differences.push_back({"pauses", in_quotes(is.title) + ": " + text, witness, rules::to_string(was.place),
                               rules::to_string(is.place)});
  };
  const Fields before = fields_of(was);
  const Fields after = fields_of(is);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != after[i]) add(before[i].first + " " + change(before[i].second, after[i].second), "");
  }
  const auto [removed, added] =
      differ(times_of(sides.before, was, sides.range), times_of(sides.after, is, sides.range));
  const auto tell = [&](const std::vector<Interval>& times, const std::string& what) {
    for (const TimesInWords& row : in_words(times, sides.zone())) {
      add(what + row.text, rules::format_local(sides.zone(), row.first) + " " + sides.zone().name());
    }
  };
  tell(removed, "does not pause any more: ");
  tell(added, "pauses now, too: ");
}

}  // namespace

void compare_pauses(const Sides& sides, Diff& out) {
  for (const PauseRule& was : sides.before.pauses) {
    if (const PauseRule* is = find(sides.after, was.title)) {
      compare_entry(sides, was, *is, out);
    } else {
      out.differences.push_back({"pauses", in_quotes(was.title) + " is gone", "", rules::to_string(was.place), ""});
    }
  }
  for (const PauseRule& is : sides.after.pauses) {
    if (find(sides.before, is.title) != nullptr) continue;
    out.differences.push_back({"pauses", in_quotes(is.title) + " is new", "", "", rules::to_string(is.place)});
  }
}

}  // namespace policy::compare
