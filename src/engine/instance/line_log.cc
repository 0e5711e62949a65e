#include "engine/instance/line_log.h"

#include <algorithm>
#include <utility>

namespace engine {

void LineLog::append(std::string_view chunk) {
  constexpr std::size_t kKept = kMaxLine + 1;
  while (!chunk.empty()) {
    // A progress bar ends its "lines" with a carriage return.
    const auto stop = chunk.find_first_of("\n\r");
    const auto part = chunk.substr(0, stop);
    if (line_.size() < kKept) line_ += part.substr(0, kKept - line_.size());
    if (stop == std::string_view::npos) return;
    end();
    chunk.remove_prefix(stop + 1);
  }
}

bool LineLog::admit() {
  return ++lines_ <= kMaxLines;
}

std::uint64_t LineLog::restart() {
  return std::max(std::exchange(lines_, 0), kMaxLines) - kMaxLines;
}

void LineLog::end() {
  if (line_.empty()) return;
  std::swap(last_, line_);
  line_.clear();
  if (admit()) sink_(last_);
}

}  // namespace engine
