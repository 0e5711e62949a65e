#pragma once
// SendQueue: the frames of one link that wait for the socket, bounded; what is dropped first is decided here. Pure.

#include <list>
#include <string>

#include "base/ids.h"
#include "net/websocket_link.h"

namespace net {

class SendQueue {
 public:
  enum class Verdict : std::uint8_t { kTaken, kDropped, kOverflow };

  /// Above this, kDroppable frames are refused, and a kControl frame pushes out the ones that wait, oldest first.
  static constexpr base::Bytes kSoftLimit = 8 * base::kMiB;
  /// Above this the peer does not read any more: one frame of the largest size, and a soft limit, and room.
  static constexpr base::Bytes kHardLimit = 80 * base::kMiB;

  Verdict push(std::string text, Priority priority);

  bool empty() const { return entries_.empty(); }
  base::Bytes bytes() const { return bytes_; }
  /// Frames that a kControl frame has pushed out.
  std::size_t evicted() const { return evicted_; }

  /// The oldest frame; it stays where it is, and is never evicted, until `pop`. Requires: not empty.
  const std::string& start_front();
  void pop();

 private:
  struct Entry {
    std::string text;
    Priority priority;
  };

  void evict();

  std::list<Entry> entries_;  // a list: the front is being written while others come and go
  base::Bytes bytes_ = 0;
  bool front_started_ = false;
  std::size_t evicted_ = 0;
};

}  // namespace net
