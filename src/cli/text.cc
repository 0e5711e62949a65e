#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "config/exit_code.h"

namespace cli {
namespace {

/// Characters, not bytes: a column with an ellipsis must not shift the next.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

int fail(int exit_code, std::string_view message) {
  std::fprintf(stderr, "error: %.*s\n", static_cast<int>(message.size()), message.data());
  return exit_code;
}

int fail(const base::Error& error) {
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
