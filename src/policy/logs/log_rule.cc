#include "policy/logs/log_rule.h"

#include <algorithm>
#include <array>

#include "policy/rules/nearest.h"

namespace policy::logs {
namespace {

using base::log::Level;

constexpr std::size_t kLongestName = 100;
constexpr std::string_view kFilePrefix = "file:";
constexpr std::array<std::string_view, 3> kNamed = {"console", "studio", "none"};  // in the order of Sink

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

const std::vector<std::string_view>& categories() {
  static const std::vector<std::string_view> kAll = {"base", "config", "control", "engine", "heartbeat", "history",
                                                     "http", "logs",   "machine", "policy", "worker",    "ws"};
  return kAll;
}

bool is_bare_file(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

base::Result<Target> parse_target(std::string_view text) {
  for (std::size_t i = 0; i < kNamed.size(); ++i) {
    if (kNamed.at(i) == text) return Target{static_cast<Sink>(i), ""};
  }
  if (text.starts_with(kFilePrefix)) {
    const auto name = text.substr(kFilePrefix.size());
    if (is_bare_file(name)) return Target{Sink::kFile, std::string(name)};
    return invalid("'" + std::string(text) +
                   "' does not name a file: write 'file:jobs.jsonl', a bare name that is made in the log folder");
  }
  // What stands before the colon of a misspelt 'file:'.
  const auto colon = text.find(':');
  if (colon != std::string_view::npos)
    return invalid(rules::unknown_name("sink", text.substr(0, colon + 1), {"file:"}));
  return invalid(rules::unknown_name("sink", text, {"console", "studio", "none", "file:NAME"}));
}

std::string to_string(const LogRule& rule) {
  if (rule.sink == Sink::kFile) return std::string(kFilePrefix) + rule.file;
  return std::string(kNamed.at(static_cast<std::size_t>(rule.sink)));
}

base::Result<Level> parse_level(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
    known.push_back(base::log::to_string(level));
    if (known.back() == name) return level;
  }
  return invalid(rules::unknown_name("level", name, known));
}

}  // namespace policy::logs
