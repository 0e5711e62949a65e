#pragma once
// ConnectLimit: one time limit over all stages of a connection; whatever stage is at work when it passes is cut.
// Thread: io.

#include <functional>
#include <memory>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "net/upgrade.h"
#include "net/websocket_link.h"

namespace net {

class ConnectLimit {
 public:
  static std::shared_ptr<ConnectLimit> start(const asio::any_io_executor& executor, base::Duration limit);
  /// Use `start`.
  ConnectLimit(const asio::any_io_executor& executor, base::Duration limit);

  /// What ends the present stage; takes the place of the former stage's. Runs at once when the limit has passed.
  void guard(std::function<void()> cut);
  /// The connection stands: nothing is cut any more.
  void stop();
  bool passed() const { return passed_; }
  base::Duration left() const;
  /// kTimeout, "connect timed out after 15s".
  base::Error error() const;

 private:
  asio::steady_timer timer_;
  base::Duration limit_;
  std::function<void()> cut_;
  bool passed_ = false;
};

using ConnectOutcome = std::variant<std::unique_ptr<WebSocketLink>, ConnectFailure>;

/// A connected socket's way to a link.
struct Upgrade {
  Place place;
  ConnectTarget target;
  std::shared_ptr<ConnectLimit> limit;
};
asio::awaitable<ConnectOutcome> upgrade_plain(asio::ip::tcp::socket socket, Upgrade upgrade);
asio::awaitable<ConnectOutcome> upgrade_tls(asio::ip::tcp::socket socket, Upgrade upgrade);

}  // namespace net
