#include <utility>

#include <boost/asio/ip/tcp.hpp>

#include "net/beast_link.h"

namespace net {

asio::awaitable<ConnectOutcome> upgrade_plain(asio::ip::tcp::socket socket, Upgrade upgrade) {
  auto state = std::make_shared<LinkState<asio::ip::tcp::socket>>(std::move(socket));
  upgrade.limit->guard([state] { state->cut(); });
  co_return co_await shake_hands(std::move(state), std::move(upgrade));
}

}  // namespace net
