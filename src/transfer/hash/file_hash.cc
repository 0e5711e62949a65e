#include "transfer/hash/file_hash.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <vector>

namespace transfer {
namespace {

/// Fits a processor's own cache, so that what was read is still there when it is hashed.
constexpr std::size_t kBlock = 128UL * 1024;

}  // namespace

FileHash::~FileHash() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

const std::string& FileHash::hex() {
  if (thread_.joinable()) thread_.join();
  return hex_;
}

void FileHash::run(int fd, base::Bytes size) {
  Sha256 digest;
  std::vector<char> block(kBlock);
  for (base::Bytes done = 0; done < size;) {
    if (stopped_) return;
    const auto wanted = std::min<base::Bytes>(block.size(), size - done);
    const ssize_t got = ::pread(fd, block.data(), wanted, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    digest.update({block.data(), static_cast<std::size_t>(got)});
    done += static_cast<base::Bytes>(got);
  }
  hex_ = digest.hex();
}

}  // namespace transfer
