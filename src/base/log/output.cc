#include "base/log/output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <unistd.h>

namespace base::log {
namespace {

/// What is called writable takes this much without waiting.
constexpr std::size_t kAtOnce = PIPE_BUF;

bool takes_more(int descriptor) {
  pollfd state{descriptor, POLLOUT, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & POLLOUT) != 0;
}

}  // namespace

void LogOutput::put(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (!write_rest()) {
    ++dropped_;
    return;
  }
  if (dropped_ > 0) {
    rest_ = std::to_string(dropped_) + " log lines were dropped: nobody read them\n";
    dropped_ = 0;
  }
  rest_ += line;
  write_rest();
}

/// True when nothing is left of what was begun. A descriptor that fails for good takes nothing, and that is nobody's
/// concern here.
bool LogOutput::write_rest() {
  while (!rest_.empty()) {
    if (!takes_more(descriptor_)) return false;
    const ssize_t written = ::write(descriptor_, rest_.data(), std::min(rest_.size(), kAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    rest_.erase(0, static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace base::log
