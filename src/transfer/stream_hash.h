#pragma once
// StreamHash: the SHA-256 of bytes that are sent meanwhile. A short stream is hashed as it comes. A long one is hashed
// by a thread of its own from a copy in a ring: the file is read once, and sending waits only for what the ring cannot
// hold.

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "digest/sha256.h"

namespace transfer {

/// All calls come from one thread.
class StreamHash {
 public:
  /// `size`: how many bytes will come. Throws std::system_error when a long stream gets no thread.
  explicit StreamHash(base::Bytes size);
  StreamHash(const StreamHash&) = delete;
  StreamHash& operator=(const StreamHash&) = delete;
  /// Gives up what is not hashed yet.
  ~StreamHash();

  void add(std::string_view bytes);
  /// The stream begins anew.
  void restart();
  /// Lower-case hex; waits for the rest. Ends the stream: only restart() may follow.
  std::string hex();

 private:
  void run();
  std::size_t waiting() const { return put_ - taken_; }
  /// The ring is empty and its thread at rest as long as the lock is held.
  std::unique_lock<std::mutex> drained();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<char> ring_;  // empty without a thread
  std::size_t put_ = 0;     // bytes since the start, as is taken_
  std::size_t taken_ = 0;
  bool stopped_ = false;
  digest::Sha256 running_;
  std::thread thread_;
};

}  // namespace transfer
