#pragma once
// LogOutput: a descriptor that lines go to without ever waiting for its reader. Thread: any.

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace base::log {

/// A log that nobody reads (a full pipe, a stopped terminal, a service manager that hangs) must not hold up the worker:
/// a line that would have to wait is dropped, and the number of them is said once there is space again.
class LogOutput {
 public:
  explicit LogOutput(int descriptor) : descriptor_(descriptor) {}

  /// `line` ends with a newline.
  void put(std::string_view line);

 private:
  bool write_rest();

  int descriptor_;
  std::mutex mutex_;
  std::string rest_;  // of a line that was begun: it comes before any other
  std::uint64_t dropped_ = 0;
};

}  // namespace base::log
