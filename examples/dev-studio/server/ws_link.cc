#include "server/ws_link.h"

#include <array>
#include <deque>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <variant>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>

#include "base/log.h"

namespace server {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// As the worker's own library: 64 MiB for one message.
constexpr std::size_t kLargestMessage = 64U << 20U;

class WsLink final : public Link, public std::enable_shared_from_this<WsLink> {
 public:
  WsLink(App& app, tcp::socket socket) : app_(app), ws_(std::move(socket)) {
    ws_.set_option(
        websocket::stream_base::timeout{websocket::stream_base::none(), websocket::stream_base::none(), false});
    ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::sec_websocket_protocol, "studio-worker-v1");
    }));
    ws_.auto_fragment(false);
    ws_.read_message_max(kLargestMessage);
  }

  void send(std::string text, bool binary, std::optional<desk::JobIndex> offer) override {
    push(Outgoing{std::move(text), binary, offer, 0});
  }

  void close(std::uint16_t code, std::string reason) override {
    if (silent_) return drop();
    push(Outgoing{std::move(reason), false, std::nullopt, code});
  }

  void drop() override {
    boost::system::error_code ignored;
    // Zero linger makes the end a reset: what a crashed studio or a broken line looks like.
    tcp::socket& socket = ws_.next_layer();
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }

  void silence() override {
    silent_ = true;
    boost::system::error_code ignored;
    // The pending read would answer pings, so it ends here and raw reads wait for the peer's end.
    ws_.next_layer().cancel(ignored);
  }

  asio::awaitable<void> run(UpgradeRequest request, std::string worker) {
    const auto [refused] = co_await ws_.async_accept(request, kToken);
    if (refused) co_return;
    const desk::SessionId session = app_.studio().connect(worker, app_.now());
    app_.link_up(session, shared_from_this());
    app_.perform();
    co_await read_frames(session);
    if (silent_) co_await wait_for_end();
    std::optional<std::uint16_t> code;
    if (ws_.reason().code != websocket::close_code::none) code = ws_.reason().code;
    app_.studio().on_closed(session, code, app_.now());
    app_.link_down(session);
    app_.perform();
  }

 private:
  struct Outgoing {
    std::string text;
    bool binary = false;
    std::optional<desk::JobIndex> offer;
    std::uint16_t close_code = 0;  // 0: a frame
  };

  asio::awaitable<void> read_frames(desk::SessionId session) {
    beast::flat_buffer buffer;
    while (!silent_) {
      const auto [error, size] = co_await ws_.async_read(buffer, kToken);
      const base::SteadyTime now = app_.now();
      if (silent_ || error) co_return;
      if (app_.options().quick_ack) acknowledge_at_once();
      const auto data = buffer.cdata();
      const std::string_view text(static_cast<const char*>(data.data()), data.size());
      if (ws_.got_text())
        app_.studio().on_text(session, text, now);
      else
        app_.studio().on_binary(session, size, now);
      app_.perform();
      base::log::debug("frame", "in", {{"text", text.substr(0, 400)}});
      buffer.consume(buffer.size());
    }
  }

  asio::awaitable<void> wait_for_end() {
    std::array<char, 4096> scratch{};
    auto bytes = asio::buffer(scratch);
    while (ws_.next_layer().is_open()) {
      const auto [error, size] = co_await ws_.next_layer().async_read_some(bytes, kToken);
      if (error) co_return;
    }
  }

  /// Linux forgets the option after some segments, so it is set again after each read.
  void acknowledge_at_once() {
    const int on = 1;
    ::setsockopt(ws_.next_layer().native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }

  void push(Outgoing item) {
    if (closing_ || silent_) return;
    closing_ = item.close_code != 0;
    queue_.push_back(std::move(item));
    if (queue_.size() == 1) write_next();
  }

  void write_next() {
    Outgoing& item = queue_.front();
    if (item.close_code != 0) {
      websocket::close_reason reason(item.close_code);
      // A close frame carries at most 123 bytes of reason.
      reason.reason = beast::string_view(item.text).substr(0, 120);
      return ws_.async_close(reason,
                             [self = shared_from_this()](const boost::system::error_code&) { self->drop_quietly(); });
    }
    ws_.binary(item.binary);
    if (item.offer) app_.studio().offer_leaves(*item.offer, app_.now());
    ws_.async_write(
        asio::buffer(item.text), [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
          if (error || self->silent_) return;
          base::log::debug("frame", "out", {{"text", std::string_view(self->queue_.front().text).substr(0, 400)}});
          self->queue_.pop_front();
          if (!self->queue_.empty()) self->write_next();
        });
  }

  /// The handshake is over (or failed); the reader ends with the socket.
  void drop_quietly() {
    boost::system::error_code ignored;
    ws_.next_layer().close(ignored);
  }

  App& app_;
  websocket::stream<tcp::socket> ws_;
  std::deque<Outgoing> queue_;
  bool closing_ = false;
  bool silent_ = false;
};

}  // namespace

asio::awaitable<void> serve_session(App& app, asio::ip::tcp::socket socket, UpgradeRequest request,
                                    std::string worker) {
  const auto link = std::make_shared<WsLink>(app, std::move(socket));
  co_await link->run(std::move(request), std::move(worker));
}

}  // namespace server
