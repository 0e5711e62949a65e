#include "policy/logs/log_rule.h"

#include <algorithm>

#include "policy/names/name.h"
#include "policy/rules/nearest.h"

namespace policy::logs {
namespace {

using base::log::Level;

constexpr std::size_t kLongestName = 100;

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

const std::vector<std::string_view>& categories() {
  static const auto kAll = names::spelled(names::kCategories);
  return kAll;
}

bool is_bare_file(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

base::Result<Target> parse_target(std::string_view text) {
  for (std::size_t i = 0; i < names::kSinks.size(); ++i) {
    if (names::kSinks.at(i) == text) return Target{static_cast<Sink>(i), ""};
  }
  if (text.starts_with(names::kFileSink)) {
    const auto name = text.substr(names::kFileSink.size());
    if (is_bare_file(name)) return Target{Sink::kFile, std::string(name)};
    return invalid("'" + std::string(text) +
                   "' does not name a file: write 'file:jobs.jsonl', a bare name that is made in the log folder");
  }
  // What stands before the colon of a misspelt 'file:'.
  const auto colon = text.find(':');
  if (colon != std::string_view::npos)
    return invalid(rules::unknown_name("sink", text.substr(0, colon + 1), {names::kFileSink}));
  auto known = names::spelled(names::kSinks);
  known.emplace_back("file:NAME");
  return invalid(rules::unknown_name("sink", text, known));
}

std::string to_string(const LogRule& rule) {
  if (rule.sink == Sink::kFile) return std::string(names::kFileSink) + rule.file;
  return std::string(names::kSinks.at(static_cast<std::size_t>(rule.sink)));
}

base::Result<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < names::kLevels.size(); ++i) {
    if (names::kLevels.at(i) == name) return static_cast<Level>(i);
  }
  return invalid(rules::unknown_name("level", name, names::spelled(names::kLevels)));
}

}  // namespace policy::logs
