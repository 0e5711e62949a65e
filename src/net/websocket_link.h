#pragma once
// WebSocketLink: one open WebSocket as the worker sees it, plain or TLS, with a bounded send queue. Thread: io.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace net {

namespace asio = boost::asio;

struct TextMessage {
  std::string text;
};
struct BinaryMessage {
  std::size_t bytes = 0;
};
/// The link is over: by a close frame (code > 0; 1005 = none given) or by a failure (code 0, reason says which).
struct Closed {
  std::uint16_t code = 0;
  std::string reason;
};
using LinkEvent = std::variant<TextMessage, BinaryMessage, Closed>;

/// When the queue is full kDroppable frames go first, oldest first; kControl frames are never dropped: above the hard
/// limit the link is given up instead.
enum class Priority : std::uint8_t { kControl, kDroppable };

class WebSocketLink {
 public:
  virtual ~WebSocketLink() = default;

  /// The next message. One reader. After Closed it gives Closed again. A cancelled read throws at the next await.
  virtual asio::awaitable<LinkEvent> read() = 0;

  /// Starts the write inside the call (the bytes normally leave before it returns); one write per frame.
  /// Errors: kUnavailable when the link is over; kExhausted when a kDroppable frame did not fit and was dropped.
  virtual base::Status send(std::string text, Priority priority) = 0;
  virtual void ping() = 0;
  virtual base::Bytes queued() const = 0;

  /// Sends a close frame and waits for the peer's or for `limit`; then the socket is closed.
  virtual asio::awaitable<void> close(std::uint16_t code, std::string reason, base::Duration limit) = 0;
  /// Drops the socket without a word.
  virtual void abort() = 0;
};

struct ConnectTarget {
  std::string url;  // ws://host[:port]/path or wss://...
  base::Secret bearer;
  std::string subprotocol;
  std::string ca_file;  // empty = the system's hashed directory
};

/// Why there is no link. `http_status` > 0: the server answered the upgrade with it.
struct ConnectFailure {
  base::Error error;
  unsigned http_status = 0;
  std::optional<base::Duration> retry_after;
  bool is_page = false;  // the answer is a web page: not a studio's word, whatever its status
};

class WebSocketConnector {
 public:
  virtual ~WebSocketConnector() = default;
  /// Resolve, connect (each address in turn), TLS and upgrade, all within `limit`.
  virtual asio::awaitable<std::variant<std::unique_ptr<WebSocketLink>, ConnectFailure>> connect(
      ConnectTarget target, base::Duration limit) = 0;
};

std::unique_ptr<WebSocketConnector> make_websocket_connector(asio::any_io_executor executor);

}  // namespace net
