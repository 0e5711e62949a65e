#pragma once
// Frames on a stream socket: a 4-byte little-endian length and one JSON text. Blocking.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include <boost/json.hpp>

namespace engine_sdk {

inline constexpr std::size_t kMaxFrame = std::size_t{64} << 20;

enum class ReadStatus : std::uint8_t {
  kFrame,
  kClosed,    // the other side is gone, in the middle of a frame or between two
  kTooLarge,  // the length says more than kMaxFrame; nothing after it can be read
};

struct Frame {
  ReadStatus status = ReadStatus::kClosed;
  std::string_view text;  // until the next call of read() or release()
};

/// One thread at a time. Small frames cost one read() and no allocation.
class FrameReader {
 public:
  explicit FrameReader(int fd) : fd_(fd), buffer_(std::make_unique_for_overwrite<char[]>(kBuffer)) {}
  Frame read();
  /// Gives the memory of a large frame back.
  void release() { large_.reset(); }

 private:
  static constexpr std::size_t kBuffer = std::size_t{64} << 10;

  bool fill(std::size_t wanted);
  bool read_large(std::size_t size);

  int fd_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<char[]> large_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Any thread; a frame is one write and never mixes with another.
class FrameWriter {
 public:
  explicit FrameWriter(int fd) : fd_(fd) {}
  /// False when the text is longer than a frame may be; nothing was sent then.
  bool send(const boost::json::value& message);
  /// True once the other side stopped reading; what was sent since is lost.
  bool closed();

 private:
  int fd_;
  std::mutex mutex_;
  bool closed_ = false;
};

}  // namespace engine_sdk
