#pragma once
// FileHash: the SHA-256 of an open file that somebody else sends: of a large one by a thread of its own meanwhile, of a
// small one when it is asked for.

#include <atomic>
#include <string>
#include <thread>

#include "base/ids.h"

namespace transfer {

class FileHash {
 public:
  /// Requires: `fd` stays open while this lives.
  FileHash(int fd, base::Bytes size);
  FileHash(const FileHash&) = delete;
  FileHash& operator=(const FileHash&) = delete;
  /// Gives up what is not hashed yet.
  ~FileHash();

  /// Lower-case hex; waits for the rest. Empty when the file could not be read to its size.
  const std::string& hex();

 private:
  void run();

  int fd_;
  base::Bytes size_;
  std::atomic<bool> stopped_ = false;
  std::string hex_;  // the thread's, if there is one, until it is joined
  std::thread thread_;
};

}  // namespace transfer
