#pragma once
// FileHash: the SHA-256 of an open file, computed by a thread of its own while somebody else sends the file.

#include <atomic>
#include <string>
#include <thread>

#include "base/ids.h"
#include "transfer/hash/digest.h"

namespace transfer {

class FileHash {
 public:
  /// Begins at once. Requires: `fd` stays open while this lives.
  FileHash(int fd, base::Bytes size) : thread_([this, fd, size] { run(fd, size); }) {}
  FileHash(const FileHash&) = delete;
  FileHash& operator=(const FileHash&) = delete;
  /// Gives up what is not hashed yet.
  ~FileHash();

  /// Lower-case hex; waits for the rest. Empty when the file could not be read to its size.
  const std::string& hex();

 private:
  void run(int fd, base::Bytes size);

  std::atomic<bool> stopped_ = false;
  std::string hex_;  // the thread's, until it is joined
  std::thread thread_;
};

}  // namespace transfer
