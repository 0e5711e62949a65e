#include "policy/sweep/sweep.h"

#include <algorithm>
#include <tuple>

#include "base/log.h"
#include "policy/sweep/searches.h"

namespace policy::sweep {

/// What `*` of the inner pattern stands for is a character that no policy can write: only a `*` can match it.
bool includes(std::string_view outer, std::string_view inner) {
  std::string text(inner);
  std::replace(text.begin(), text.end(), '*', '\x01');
  return rules::matches(outer, text);
}

std::string_view including(const std::vector<std::string>& patterns, std::string_view inner) {
  for (const std::string& pattern : patterns) {
    if (includes(pattern, inner)) return pattern;
  }
  return {};
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string at(const rules::Place& place) {
  return " at " + rules::to_string(place);
}

std::string to_line(const Warning& warning) {
  const auto text = base::log::printable(warning.text);
  return warning.place.known() ? base::log::printable(rules::to_string(warning.place)) + ": " + text : text;
}

std::vector<Warning> sweep(rules::RuleSet rules, const SourceFiles& files, const Surroundings& around) {
  Warnings found;
  search_hours(rules, files, around.now, found);
  search_games(rules, around, found);
  search_pauses(rules, around.now, found);
  search_memory(rules, around, found);
  search_logs(rules, found);
  std::stable_sort(found.begin(), found.end(), [](const Warning& a, const Warning& b) {
    return std::tie(a.place.file, a.place.line) < std::tie(b.place.file, b.place.line);
  });
  return found;
}

}  // namespace policy::sweep
