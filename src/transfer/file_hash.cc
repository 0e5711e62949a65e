#include "transfer/file_hash.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <vector>

#include "digest/sha256.h"

namespace transfer {
namespace {

/// Fits a processor's own cache, so that what was read is still there when it is hashed.
constexpr std::size_t kBlock = 128UL * 1024;
/// From this size on the hash would be waited for.
constexpr base::Bytes kBeside = 4 * base::kMiB;

}  // namespace

FileHash::FileHash(int fd, base::Bytes size) : fd_(fd), size_(size) {
  if (size >= kBeside) thread_ = std::thread([this] { run(); });
}

FileHash::~FileHash() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

const std::string& FileHash::hex() {
  if (thread_.joinable())
    thread_.join();
  else if (hex_.empty())
    run();
  return hex_;
}

void FileHash::run() {
  digest::Sha256 running;
  std::vector<char> block(std::min<base::Bytes>(kBlock, size_));
  for (base::Bytes done = 0; done < size_;) {
    if (stopped_) return;
    const auto wanted = std::min<base::Bytes>(block.size(), size_ - done);
    const ssize_t got = ::pread(fd_, block.data(), wanted, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    running.add({block.data(), static_cast<std::size_t>(got)});
    done += static_cast<base::Bytes>(got);
  }
  hex_ = digest::hex(running.finish());
}

}  // namespace transfer
