#include <array>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/async/event.h"
#include "net/connect_limit.h"
#include "net/upgrade.h"
#include "net/websocket_link.h"

namespace net {
namespace {

using asio::ip::tcp;

/// Time for one address while others are left to try.
constexpr base::Duration kAddressLimit = std::chrono::seconds(5);
/// Bytes that nobody acknowledges for this long end the connection.
constexpr unsigned kUserTimeoutMillis = 30'000;

/// A lookup that can be left alone: getaddrinfo cannot be interrupted, so its answer must find a home to go to.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor) {}
  tcp::resolver resolver;
  base::Event done;
  std::optional<boost::system::error_code> error;
  std::vector<tcp::endpoint> found;
};

/// Addresses that need no lookup. `localhost` is the loopback by definition; asking costs a thread.
std::vector<tcp::endpoint> known_addresses(const Place& place) {
  boost::system::error_code not_numeric;
  const auto address = asio::ip::make_address(place.host, not_numeric);
  if (!not_numeric) return {{address, place.port}};
  if (place.host != "localhost") return {};
  return {{asio::ip::address_v4::loopback(), place.port}, {asio::ip::address_v6::loopback(), place.port}};
}

using Addresses = base::Result<std::vector<tcp::endpoint>>;

asio::awaitable<Addresses> look_up(Place place, std::shared_ptr<ConnectLimit> limit, asio::any_io_executor executor) {
  if (auto known = known_addresses(place); !known.empty()) co_return known;
  const auto lookup = std::make_shared<Lookup>(executor);
  limit->guard([lookup] { lookup->done.notify(); });
  lookup->resolver.async_resolve(place.host, std::to_string(place.port), tcp::resolver::numeric_service,
                                 [lookup](boost::system::error_code error, const tcp::resolver::results_type& found) {
                                   for (const auto& entry : found) lookup->found.push_back(entry.endpoint());
                                   lookup->error = error;
                                   lookup->done.notify();
                                 });
  co_await lookup->done.wait();
  if (limit->passed()) co_return limit->error();
  if (!lookup->error) co_return base::Error{base::Code::kCancelled, "the lookup of " + place.host + " was cancelled"};
  if (!*lookup->error && !lookup->found.empty()) co_return lookup->found;
  co_return base::Error{base::Code::kUnavailable, "cannot resolve " + place.host + ": " + lookup->error->message()};
}

void set_options(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMillis, sizeof kUserTimeoutMillis);
}

using Socket = std::shared_ptr<tcp::socket>;

/// One address; gives up early when others wait for their turn.
asio::awaitable<boost::system::error_code> try_address(Socket socket, tcp::endpoint endpoint, bool last) {
  boost::system::error_code failed;
  socket->open(endpoint.protocol(), failed);
  if (failed) co_return failed;
  set_options(*socket);
  const auto own_limit = ConnectLimit::start(socket->get_executor(), last ? std::chrono::hours(1) : kAddressLimit);
  own_limit->guard([socket] {
    boost::system::error_code ignored;
    socket->close(ignored);
  });
  const auto [error] = co_await socket->async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  own_limit->stop();
  if (own_limit->passed()) co_return asio::error::timed_out;
  co_return error;
}

/// Each address in turn. `upgrade` belongs to the caller's frame.
asio::awaitable<base::Status> connect_any(Socket socket, std::vector<tcp::endpoint> addresses, const Upgrade& upgrade) {
  upgrade.limit->guard([socket] {
    boost::system::error_code ignored;
    socket->close(ignored);
  });
  boost::system::error_code error = asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const tcp::endpoint address = addresses[i];
    const bool last = i + 1 == addresses.size();
    error = co_await try_address(socket, address, last);
    if (upgrade.limit->passed()) co_return upgrade.limit->error();
    if (!error) co_return base::Status{};
    boost::system::error_code ignored;
    socket->close(ignored);
  }
  std::string text = "cannot connect to " + upgrade.place.str() + ": " + error.message();
  if (addresses.size() > 1) text += " (" + std::to_string(addresses.size()) + " addresses tried)";
  co_return base::Error{base::Code::kUnavailable, std::move(text)};
}

asio::awaitable<ConnectOutcome> connect_within(asio::any_io_executor executor, Upgrade upgrade) {
  auto addresses = co_await look_up(upgrade.place, upgrade.limit, executor);
  if (!addresses) co_return ConnectFailure{addresses.error()};
  const auto shared = std::make_shared<tcp::socket>(executor);
  const auto connected = co_await connect_any(shared, *addresses, upgrade);
  if (!connected) co_return ConnectFailure{connected.error()};
  tcp::socket socket = std::move(*shared);
  auto upgraded = upgrade.place.tls ? upgrade_tls(std::move(socket), std::move(upgrade))
                                    : upgrade_plain(std::move(socket), std::move(upgrade));
  co_return co_await std::move(upgraded);
}

asio::awaitable<ConnectOutcome> failed(base::Error error) {
  co_return ConnectFailure{std::move(error)};
}

class Connector final : public WebSocketConnector {
 public:
  explicit Connector(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  asio::awaitable<ConnectOutcome> connect(ConnectTarget target, base::Duration limit) override {
    auto place = parse_websocket_url(target.url);
    if (!place) return failed(std::move(place.error()));
    if (target.bearer.reveal().find_first_of("\r\n") != std::string::npos) {
      return failed({base::Code::kInvalid, "the token holds a line break"});
    }
    return connect_within(executor_, {std::move(*place), std::move(target), ConnectLimit::start(executor_, limit)});
  }

 private:
  asio::any_io_executor executor_;
};

}  // namespace

std::unique_ptr<WebSocketConnector> make_websocket_connector(asio::any_io_executor executor) {
  return std::make_unique<Connector>(std::move(executor));
}

}  // namespace net
