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
  /// The oldest entries, at most a batch of them.
  std::vector<protocol::LogEntry> take_batch();
  /// A batch that could not be sent goes back to the front.
  void put_back(std::vector<protocol::LogEntry> batch);

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  void make_room();

  base::Clock& clock_;
  std::deque<protocol::LogEntry> entries_;
  std::uint64_t dropped_ = 0;
  std::uint64_t unreported_ = 0;  // dropped since the marker at the front was written
};

}  // namespace studio
