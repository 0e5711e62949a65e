#include "fuzz/fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace fuzz {

void require_same(std::string_view what, std::string_view left, std::string_view right) {
  if (left == right) return;
  const std::string text = base::log::printable(left, 8000) + "\n  and\n" + base::log::printable(right, 8000);
  std::fprintf(stderr, "%s: these differ:\n%s\n", std::string(what).c_str(), text.c_str());
  std::abort();
}

void require_printable(std::string_view message) {
  require_same("a message that is not printable", message, base::log::printable(message, message.size() + 1));
}

std::optional<std::string_view> Lines::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return line;
}

bool take_word(std::string_view& line, std::string_view word) {
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return true;
}

long number_at(std::string_view text, long most) {
  long number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    number = std::min(number * 10 + (c - '0'), most);
  }
  return number;
}

}  // namespace fuzz
