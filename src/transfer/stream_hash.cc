#include "transfer/stream_hash.h"

#include <algorithm>
#include <cstring>

namespace transfer {
namespace {

/// Shorter ones are hashed sooner than a thread is worth.
constexpr base::Bytes kBeside = 4 * base::kMiB;
constexpr std::size_t kRing = 1024UL * 1024;
/// One hand-over. It fits a processor's own cache and divides the ring, so that none wraps around.
constexpr std::size_t kPiece = 128UL * 1024;

}  // namespace

StreamHash::StreamHash(base::Bytes size) {
  if (size < kBeside) return;
  ring_.resize(kRing);
  thread_ = std::thread([this] { run(); });
}

StreamHash::~StreamHash() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void StreamHash::add(std::string_view bytes) {
  if (ring_.empty()) return running_.add(bytes);
  while (!bytes.empty()) {
    const std::size_t at = put_ % kRing;
    const std::size_t size = std::min({bytes.size(), kPiece, kRing - at});
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return waiting() + size <= kRing; });
    }
    std::memcpy(ring_.data() + at, bytes.data(), size);
    {
      const std::lock_guard lock(mutex_);
      put_ += size;
    }
    changed_.notify_one();
    bytes.remove_prefix(size);
  }
}

void StreamHash::restart() {
  const auto lock = drained();
  running_ = digest::Sha256();
}

std::string StreamHash::hex() {
  const auto lock = drained();
  return digest::hex(running_.finish());
}

std::unique_lock<std::mutex> StreamHash::drained() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting() == 0; });
  return lock;
}

void StreamHash::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || waiting() > 0; });
    if (stopped_) return;
    const std::size_t at = taken_ % kRing;
    const std::size_t size = std::min({waiting(), kPiece, kRing - at});
    lock.unlock();
    running_.add({ring_.data() + at, size});
    lock.lock();
    taken_ += size;
    changed_.notify_one();
  }
}

}  // namespace transfer
