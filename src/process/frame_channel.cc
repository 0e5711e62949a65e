#include "process/frame_channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/async/event.h"

namespace process {
namespace {

constexpr int kReadsPerFill = 64;  // of 16 KiB each
/// A thread that goes to sleep is back on its processor tens of microseconds after it is woken; answers that are read
/// directly mostly come sooner than that.
constexpr base::Duration kSpin = std::chrono::microseconds(100);

std::array<char, 4> head_of(std::string_view payload) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  return {static_cast<char>(length & 255), static_cast<char>(length >> 8 & 255), static_cast<char>(length >> 16 & 255),
          static_cast<char>(length >> 24 & 255)};
}

}  // namespace

struct FrameChannel::State : std::enable_shared_from_this<FrameChannel::State> {
  State(asio::any_io_executor executor, base::UniqueFd socket) : stream(executor, socket.release()) {
    stream.native_non_blocking(true);
  }

  /// Moves bytes from the socket into `buffer`, a bounded number of them: a peer that writes faster than we read must
  /// neither hold the thread here nor grow the buffer. False when the peer is gone.
  bool fill() {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): recv fills what is used; clearing it costs more than recv
    std::array<char, 16384> chunk;
    for (int reads = 0; reads < kReadsPerFill;) {
      const ssize_t got = ::recv(stream.native_handle(), chunk.data(), chunk.size(), MSG_DONTWAIT);
      if (got > 0) {
        buffer.append(chunk.data(), static_cast<std::size_t>(got));
        if (static_cast<std::size_t>(got) < chunk.size()) return true;
        ++reads;
        continue;
      }
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
      // The kernel's way to tell an end with unread bytes from a tidy one; it says so once.
      if (got < 0 && errno == ECONNRESET) unread = true;
      return false;
    }
    return true;
  }

  /// The next complete frame of `buffer`, nothing when more bytes are needed.
  std::optional<base::Result<std::string>> take() {
    if (buffer.size() < offset + 4) return std::nullopt;
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(buffer[offset + i]));
    };
    const std::uint32_t length = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    if (length > kMaxFrameBytes) {
      return base::Error{base::Code::kCorrupt, "a frame of " + std::to_string(length) + " bytes exceeds the limit"};
    }
    if (buffer.size() < offset + 4 + length) return std::nullopt;
    std::string payload = buffer.substr(offset + 4, length);
    offset += 4 + length;
    if (offset == buffer.size()) {
      offset = 0;
      buffer.clear();
      if (buffer.capacity() > base::kMiB) buffer = std::string();  // a large frame's memory goes back
    } else if (offset > base::kMiB) {
      buffer.erase(0, offset);
      offset = 0;
    }
    return payload;
  }

  /// The bytes of `rest` from `sent` on, once the socket takes them.
  void keep(std::string rest, std::size_t sent) {
    if (backlog.empty()) backlog_offset = sent;
    backlog.push_back(std::move(rest));
    if (backlog.size() == 1) drain();
  }

  /// What the socket takes now of a frame, its head included. Nothing while others wait before it.
  base::Result<std::size_t> send_some(std::string_view head, std::string_view payload) {
    if (closed || broken) return gone();
    if (payload.size() > kMaxFrameBytes) {
      return base::Error{base::Code::kInvalid,
                         "a frame of " + std::to_string(payload.size()) + " bytes exceeds the limit"};
    }
    if (!backlog.empty()) return 0;
    std::array<iovec, 2> parts = {iovec{const_cast<char*>(head.data()), head.size()},
                                  iovec{const_cast<char*>(payload.data()), payload.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = payload.empty() ? 1 : 2;
    ssize_t sent = -1;
    do {
      sent = ::sendmsg(stream.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      give_up();
      return gone();
    }
    return static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  }

  /// Plain callbacks: a coroutine would be one more task to own for bytes that nobody waits for.
  void drain() {
    stream.async_wait(asio::posix::stream_descriptor::wait_write, [self = shared_from_this()](auto error) {
      if (error || self->closed) return;
      while (!self->backlog.empty()) {
        const std::string& front = self->backlog.front();
        const ssize_t sent = ::send(self->stream.native_handle(), front.data() + self->backlog_offset,
                                    front.size() - self->backlog_offset, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return self->drain();
        if (sent < 0) return self->give_up();
        self->backlog_offset += static_cast<std::size_t>(sent);
        if (self->backlog_offset < front.size()) continue;
        self->backlog.pop_front();
        self->backlog_offset = 0;
      }
    });
  }

  /// The peer will read no more: what waits for it is dropped and every later send says so.
  void give_up() {
    broken = true;
    unread = true;
    backlog.clear();
    backlog_offset = 0;
  }

  static base::Error gone() { return {base::Code::kUnavailable, "the child program closed its channel"}; }

  asio::posix::stream_descriptor stream;
  std::string buffer;
  std::size_t offset = 0;
  std::deque<std::string> backlog;
  std::size_t backlog_offset = 0;
  bool closed = false;
  bool broken = false;
  bool unread = false;
};

FrameChannel::FrameChannel(asio::any_io_executor executor, base::UniqueFd socket)
    : state_(std::make_shared<State>(std::move(executor), std::move(socket))) {}

FrameChannel::~FrameChannel() {
  close();
}

base::Status FrameChannel::send(std::string_view payload) {
  const auto head = head_of(payload);
  const std::string_view start(head.data(), head.size());
  TRY(const std::size_t sent, state_->send_some(start, payload));
  if (sent == start.size() + payload.size()) return {};
  state_->keep(std::string(start).append(payload), sent);
  return {};
}

base::Status FrameChannel::send_large(std::string payload) {
  const auto head = head_of(payload);
  const std::string_view start(head.data(), head.size());
  TRY(const std::size_t sent, state_->send_some(start, payload));
  if (sent == start.size() + payload.size()) return {};
  if (sent < start.size()) {
    state_->keep(std::string(start), sent);
    state_->keep(std::move(payload), 0);
  } else {
    state_->keep(std::move(payload), sent - start.size());
  }
  return {};
}

asio::awaitable<base::Result<std::string>> FrameChannel::read() {
  const auto state = state_;
  for (;;) {
    if (state->closed) co_return State::gone();
    if (auto frame = state->take()) co_return std::move(*frame);
    const bool alive = state->fill();
    if (auto frame = state->take()) co_return std::move(*frame);
    if (!alive) co_return State::gone();
    const auto [error] = co_await state->stream.async_wait(asio::posix::stream_descriptor::wait_read,
                                                           asio::as_tuple(asio::use_awaitable));
    if (error && state->closed) co_return State::gone();
  }
}

std::optional<base::Result<std::string>> FrameChannel::read_now() {
  if (state_->closed) return State::gone();
  if (auto frame = state_->take()) return frame;
  const bool alive = state_->fill();
  if (auto frame = state_->take()) return frame;
  if (!alive) return State::gone();
  return std::nullopt;
}

base::Result<std::string> FrameChannel::read_directly(base::Duration limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (state_->closed) return State::gone();
    if (auto frame = state_->take()) return std::move(*frame);
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return base::Error{base::Code::kTimeout, "no answer in time"};
    if (limit - left < kSpin) {
      if (!state_->fill()) return State::gone();
      continue;
    }
    pollfd wanted{state_->stream.native_handle(), POLLIN, 0};
    const timespec wait{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    if (::ppoll(&wanted, 1, &wait, nullptr) <= 0) continue;
    const bool alive = state_->fill();
    if (auto frame = state_->take()) return std::move(*frame);
    if (!alive) return State::gone();
  }
}

bool FrameChannel::left_unread() const {
  return state_->unread;
}

void FrameChannel::close() {
  if (std::exchange(state_->closed, true)) return;
  boost::system::error_code ignored;
  state_->stream.close(ignored);
}

}  // namespace process
