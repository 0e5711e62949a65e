#pragma once
// A text of several lines. Pure; any thread.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace base {

/// At least one line, also of an empty text.
inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

/// Each line as log::printable() makes it, and still a line. What goes beyond `limit` bytes is cut.
inline std::string printable_lines(std::string_view text, std::size_t limit = 2000) {
  std::string safe;
  for (const std::string_view line : lines_of(text)) {
    if (safe.size() >= limit) return safe + "\n…";
    safe += (safe.empty() ? "" : "\n") + log::printable(line, limit - safe.size());
  }
  return safe;
}

}  // namespace base
