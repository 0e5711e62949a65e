#include "engine_sdk/frames.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace engine_sdk {
namespace {

constexpr std::size_t kHeader = 4;

std::size_t decode_length(const char* bytes) {
  std::array<unsigned char, kHeader> header{};
  std::memcpy(header.data(), bytes, kHeader);
  return header[0] | (std::size_t{header[1]} << 8) | (std::size_t{header[2]} << 16) | (std::size_t{header[3]} << 24);
}

void encode_length(std::size_t length, char* bytes) {
  for (std::size_t i = 0; i < kHeader; ++i) bytes[i] = static_cast<char>((length >> (8 * i)) & 0xff);
}

/// Bytes read, 0 at the end of the stream or when it failed.
std::size_t read_some(int fd, char* into, std::size_t room) {
  for (;;) {
    // A blocked read also wakes up when the worker takes what we sent, for the socket has room again then.
    pollfd readable{fd, POLLIN, 0};
    ::poll(&readable, 1, -1);
    const ssize_t got = ::read(fd, into, room);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return 0;
  }
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string encode(const boost::json::value& message) {
  constexpr std::size_t kFirst = 512;
  std::string bytes(kFirst, '\0');
  std::size_t used = kHeader;
  boost::json::serializer serializer;
  serializer.reset(&message);
  while (!serializer.done()) {
    if (used == bytes.size()) bytes.resize(bytes.size() * 2);
    used += serializer.read(bytes.data() + used, bytes.size() - used).size();
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace

bool FrameReader::fill(std::size_t wanted) {
  if (end_ - begin_ >= wanted) return true;
  if (begin_ + wanted > kBuffer) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < wanted) {
    const std::size_t got = read_some(fd_, buffer_.get() + end_, kBuffer - end_);
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

bool FrameReader::read_large(std::size_t size) {
  large_ = std::make_unique_for_overwrite<char[]>(size);
  std::size_t have = std::min(end_ - begin_, size);
  std::memcpy(large_.get(), buffer_.get() + begin_, have);
  begin_ += have;
  while (have < size) {
    const std::size_t got = read_some(fd_, large_.get() + have, size - have);
    if (got == 0) return false;
    have += got;
  }
  return true;
}

Frame FrameReader::read() {
  release();
  if (begin_ == end_) begin_ = end_ = 0;
  if (!fill(kHeader)) return {ReadStatus::kClosed, {}};
  const std::size_t size = decode_length(buffer_.get() + begin_);
  if (size > kMaxFrame) return {ReadStatus::kTooLarge, {}};
  if (kHeader + size > kBuffer) {
    begin_ += kHeader;
    if (!read_large(size)) return {ReadStatus::kClosed, {}};
    return {ReadStatus::kFrame, {large_.get(), size}};
  }
  if (!fill(kHeader + size)) return {ReadStatus::kClosed, {}};
  const std::string_view text(buffer_.get() + begin_ + kHeader, size);
  begin_ += kHeader + size;
  return {ReadStatus::kFrame, text};
}

bool FrameWriter::send(const boost::json::value& message) {
  std::string bytes = encode(message);
  if (bytes.size() - kHeader > kMaxFrame) return false;
  encode_length(bytes.size() - kHeader, bytes.data());
  const std::lock_guard lock(mutex_);
  if (!closed_) closed_ = !send_all(fd_, bytes);
  return true;
}

bool FrameWriter::closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace engine_sdk
