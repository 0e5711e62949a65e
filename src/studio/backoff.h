#pragma once
// Backoff: how long to wait before the next try. Full jitter in a window that doubles (reliability A3). Pure.

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace studio {

class Backoff {
 public:
  static constexpr base::Duration kFirstWindow = std::chrono::seconds(1);
  static constexpr base::Duration kLastWindow = std::chrono::seconds(64);

  explicit Backoff(base::Random& random) : random_(random) {}

  /// The pause before the next try: uniform in the present window, but never under `floor` (a server's Retry-After).
  base::Duration next(base::Duration floor = base::Duration::zero()) {
    const auto bound = static_cast<std::uint64_t>(window_.count());
    const base::Duration jittered(static_cast<std::int64_t>(random_.below(bound)));
    window_ = std::min(window_ * 2, kLastWindow);
    ++failures_;
    return std::max(jittered, floor);
  }

  /// Something worked for `lived`. Success alone proves little: only what lived for the longest window starts afresh,
  /// so a studio that accepts and drops every two seconds is soon left in peace.
  void lived(base::Duration lived) {
    if (lived < kLastWindow) return;
    window_ = kFirstWindow;
    failures_ = 0;
  }

  unsigned failures() const { return failures_; }

 private:
  base::Random& random_;
  base::Duration window_ = kFirstWindow;
  unsigned failures_ = 0;
};

}  // namespace studio
