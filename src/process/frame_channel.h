#pragma once
// FrameChannel: length-prefixed frames over a socketpair to one of our child programs. Thread: io.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace process {

namespace asio = boost::asio;

/// A frame is a 4-byte little-endian length and that many bytes; the same limit as a studio frame.
constexpr base::Bytes kMaxFrameBytes = 64 * base::kMiB;

class FrameChannel {
 public:
  FrameChannel(asio::any_io_executor executor, base::UniqueFd socket);
  FrameChannel(const FrameChannel&) = delete;
  FrameChannel& operator=(const FrameChannel&) = delete;
  ~FrameChannel();

  /// Writes at once what the socket takes; the rest follows in order. Never blocks.
  /// Errors: kUnavailable once the peer is gone, kInvalid above kMaxFrameBytes.
  base::Status send(std::string_view payload);
  /// The same for a frame that may be large: what the socket does not take is kept without a copy.
  base::Status send_large(std::string payload);

  /// The next frame. One reader at a time; a cancelled read throws at the next await and loses nothing: the bytes
  /// read so far are kept. Errors: kUnavailable at the peer's end, kCorrupt for a length above kMaxFrameBytes.
  asio::awaitable<base::Result<std::string>> read();

  /// The next frame if all of it has arrived, nothing otherwise. Never blocks. Errors: as `read`.
  std::optional<base::Result<std::string>> read_now();

  /// A frame that arrives within `limit`, read from the socket directly instead of through the reactor: saves a wake-up
  /// when the answer is due in microseconds. Blocks the thread for at most `limit`; spins for the first 100 us.
  /// Errors: kTimeout; otherwise as `read`.
  base::Result<std::string> read_directly(base::Duration limit);

  /// Whether the peer ended with something unread that we had sent; known once a read or a send has failed.
  bool left_unread() const;

  /// Ends both directions; pending and later calls give kUnavailable.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace process
