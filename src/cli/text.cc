#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include <boost/json.hpp>

#include "base/log.h"
#include "base/text/lines.h"
#include "config/exit_code.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestError = 64UL * 1024;  // of all the lines: a policy may have many errors

/// Characters, not bytes: a column with an ellipsis must not shift the next.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

Outcome fail(int exit_code, std::string_view message) {
  return {exit_code, std::string(message)};
}

Outcome fail(const base::Error& error) {
  switch (error.code) {
    case base::Code::kInvalid:
    case base::Code::kCorrupt:
      return fail(config::kExitConfiguration, error.message);
    case base::Code::kConflict:
      return fail(config::kExitLocked, error.message);
    case base::Code::kUnavailable:
    case base::Code::kExhausted:
      return fail(config::kExitOperatingSystem, error.message);
    default:
      return fail(config::kExitFailed, error.message);
  }
}

void tell(const Outcome& outcome, bool as_json) {
  if (outcome.error.empty()) return;
  std::fprintf(stderr, "error: %s\n", base::printable_lines(outcome.error, kLongestError).c_str());
  if (as_json) tell_json(outcome.error);
}

void tell_json(std::string_view error) {
  std::puts(json::serialize(json::object{{"error", base::printable_lines(error, kLongestError)}}).c_str());
}

void say(std::string_view done, bool as_json) {
  const std::string text = base::printable_lines(done, kLongestError);
  std::puts(as_json ? json::serialize(json::object{{"ok", true}, {"says", text}}).c_str() : text.c_str());
}

std::string first_error(std::string_view lines, std::string_view all) {
  const auto each = base::lines_of(lines);
  std::string text = base::log::printable(each.front());
  if (each.size() > 1) text += " (and " + std::to_string(each.size() - 1) + " more: " + std::string(all) + ")";
  return text;
}

std::string columns(const std::vector<std::vector<std::string>>& rows, std::string_view indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    text += indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return {};
  if (value->is_string()) return base::log::printable(value->as_string());
  return json::serialize(*value);
}

double number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

std::string human_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  std::array<char, 48> text{};
  if (whole >= 86400)
    std::snprintf(text.data(), text.size(), "%lldd %lldh", static_cast<long long>(whole / 86400),
                  static_cast<long long>(whole % 86400 / 3600));
  else if (whole >= 3600)
    std::snprintf(text.data(), text.size(), "%lldh %lldm", static_cast<long long>(whole / 3600),
                  static_cast<long long>(whole % 3600 / 60));
  else if (whole >= 60)
    std::snprintf(text.data(), text.size(), "%lldm %llds", static_cast<long long>(whole / 60),
                  static_cast<long long>(whole % 60));
  else
    std::snprintf(text.data(), text.size(), "%llds", static_cast<long long>(whole));
  return text.data();
}

}  // namespace cli
