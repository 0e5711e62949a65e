#pragma once
// LogQueue: entries on their way to the studio. Bounded; overflow drops the oldest and says so. Thread: io.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "protocol/frames.h"

namespace studio {

struct LogLine {
  base::WallTime time;
  base::log::Level level = base::log::Level::kInfo;
  std::string category;
  std::string message;
  std::optional<base::JobId> job;
};

class LogQueue {
 public:
  static constexpr std::size_t kCapacity = 5000;
  /// One frame's worth: enough to empty the queue in seconds, small beside the link's send queue.
  static constexpr std::size_t kBatchEntries = 500;
  static constexpr base::Bytes kBatchBytes = 256 * base::kKiB;

  explicit LogQueue(base::Clock& clock) : clock_(clock) {}

  void push(LogLine line);
  /// The oldest lines, at most a batch of them; before them, if lines were dropped, an entry that says so. They stay
  /// until `sent`.
  std::vector<protocol::LogEntry> next_batch() const;
  /// Requires: `entries` is the size of the last `next_batch`, and nothing was pushed since.
  void sent(std::size_t entries);

  bool empty() const { return size() == 0; }
  /// In entries: what was dropped counts as one.
  std::size_t size() const { return lines_.size() + (marked() ? 1 : 0); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  bool marked() const { return unreported_ > 0; }

  base::Clock& clock_;
  std::deque<LogLine> lines_;  // written out when they leave: in a flood most never do
  std::uint64_t dropped_ = 0;
  std::uint64_t unreported_ = 0;  // dropped since the studio was told last
};

}  // namespace studio
