#pragma once
// BeastLink: the WebSocketLink over any Beast stream; only link_plain.cc and link_tls.cc may include it. Thread: io.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/async/event.h"
#include "base/log.h"
#include "net/connect_limit.h"
#include "net/send_queue.h"
#include "net/websocket_link.h"

namespace net {

namespace beast = boost::beast;

constexpr base::Bytes kMessageLimit = 64 * base::kMiB;
/// A frame up to this size leaves in one write; Beast masks and writes longer ones in pieces of it.
constexpr std::size_t kWritePiece = 64 * base::kKiB;
/// How long Beast waits for the peer to hang up after a close frame of its own.
constexpr base::Duration kTeardownLimit = std::chrono::seconds(5);

/// What both sides of one link share: the stream, the operations in flight, and what has arrived. Operations are plain
/// callbacks that own the state: a cancelled `read` or `close` ends at once, and nothing is freed under Beast's feet.
template <class Layer>
struct LinkState : std::enable_shared_from_this<LinkState<Layer>> {
  using Stream = beast::websocket::stream<Layer, false>;

  template <class... Args>
  explicit LinkState(Args&&... args) : ws(std::forward<Args>(args)...) {}

  void configure() {
    ws.text(true);
    ws.auto_fragment(false);
    ws.write_buffer_bytes(kWritePiece);
    ws.read_message_max(kMessageLimit);
    beast::websocket::stream_base::timeout limits{};
    limits.handshake_timeout = kTeardownLimit;
    limits.idle_timeout = beast::websocket::stream_base::none();
    limits.keep_alive_pings = false;
    ws.set_option(limits);
  }

  void cut() {
    boost::system::error_code ignored;
    beast::get_lowest_layer(ws).close(ignored);
  }

  void end(Closed why) {
    if (over) return;
    over = std::move(why);
    cut();
    arrival.notify();
    finished.notify();
  }

  void fail(boost::system::error_code error) {
    if (error == beast::websocket::error::closed) {
      const auto& reason = ws.reason();
      const bool none = reason.code == beast::websocket::close_code::none;
      end({none ? std::uint16_t{1005} : reason.code, std::string(reason.reason.data(), reason.reason.size())});
    } else if (error == asio::error::eof || std::string_view(error.category().name()) == "asio.ssl.stream") {
      end({0, "connection closed by server"});
    } else if (error == beast::websocket::error::message_too_big) {
      end({0, "a message of the server exceeds " + std::to_string(kMessageLimit / base::kMiB) + " MiB"});
    } else {
      end({0, error.message()});
    }
  }

  void start_read() {
    if (reading || over) return;
    reading = true;
    const std::size_t expected = std::min<std::size_t>(ws.read_size_hint(kFirstPiece), kMessageLimit);
    const std::size_t wanted = std::clamp<std::size_t>(expected, kFirstPiece, kLargestPiece);
    make_room(used + std::max(expected, wanted));
    if (incoming.size() < used + wanted) incoming.resize(used + wanted);
    auto space = asio::buffer(incoming.data() + used, incoming.size() - used);
    auto self = this->shared_from_this();
    ws.async_read_some(space, [self](boost::system::error_code error, std::size_t got) { self->on_read(error, got); });
  }

  /// The size of a large frame is known early: room for it at once, touched only as its bytes arrive. To grow is to
  /// copy, and then both copies count, so a large message of many frames gets the most that it may need.
  void make_room(std::size_t needed) {
    if (needed <= incoming.capacity()) return;
    incoming.reserve(needed > kLargeMessage ? kMessageLimit + kLargestPiece : needed);
  }

  void on_read(boost::system::error_code error, std::size_t got) {
    reading = false;
    if (error) return fail(error);
    used += got;
    if (!ws.is_message_done()) return start_read();
    const std::size_t size = std::exchange(used, 0);
    if (ws.got_text()) {
      incoming.resize(size);
      arrived.emplace(TextMessage{std::exchange(incoming, {})});
    } else {
      incoming = {};
      arrived.emplace(BinaryMessage{size});
    }
    arrival.notify();
  }

  void pump() {
    if (writing || over) return;
    if (queue.empty()) return say_goodbye();
    writing = true;
    auto frame = asio::buffer(queue.start_front());
    auto self = this->shared_from_this();
    ws.async_write(frame, [self](boost::system::error_code error, std::size_t) {
      self->writing = false;
      self->queue.pop();
      if (error) return self->fail(error);
      self->pump();
    });
  }

  void say_goodbye() {
    if (!goodbye || saying) return;
    saying = true;
    auto self = this->shared_from_this();
    ws.async_close(*goodbye, [self](boost::system::error_code error) {
      if (error) return self->fail(error);
      self->end({self->goodbye->code, "closed by this side"});
    });
  }

  void ping() {
    if (pinging || over) return;
    pinging = true;
    auto self = this->shared_from_this();
    // A failed ping needs no answer here: the read fails with the same cause.
    ws.async_ping({}, [self](boost::system::error_code) { self->pinging = false; });
  }

  static constexpr std::size_t kFirstPiece = 4 * base::kKiB;
  static constexpr std::size_t kLargestPiece = base::kMiB;
  static constexpr std::size_t kLargeMessage = 8 * base::kMiB;

  Stream ws;
  SendQueue queue;
  std::string incoming;  // the message being read; its first `used` bytes are there
  std::size_t used = 0;
  bool reading = false;
  bool writing = false;
  bool pinging = false;
  bool saying = false;
  std::optional<LinkEvent> arrived;
  std::optional<Closed> over;
  std::optional<beast::websocket::close_reason> goodbye;
  base::Event arrival;
  base::Event finished;
};

template <class Layer>
asio::awaitable<LinkEvent> next_event(std::shared_ptr<LinkState<Layer>> state) {
  while (!state->arrived) {
    if (state->over) co_return *state->over;
    state->start_read();
    co_await state->arrival.wait();
  }
  LinkEvent event = std::move(*state->arrived);
  state->arrived.reset();
  co_return event;
}

template <class Layer>
asio::awaitable<void> close_link(std::shared_ptr<LinkState<Layer>> state, beast::websocket::close_reason reason,
                                 base::Duration limit) {
  struct CutAtExit {
    LinkState<Layer>& state;
    ~CutAtExit() { state.end({0, "closed by this side"}); }
  };
  if (state->over) co_return;
  const CutAtExit cut{*state};
  asio::steady_timer timer(state->ws.get_executor(), limit);
  timer.async_wait([weak = std::weak_ptr<LinkState<Layer>>(state)](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->end({0, "the server did not answer the close frame"});
  });
  state->goodbye = reason;
  state->pump();
  while (!state->over) co_await state->finished.wait();
}

template <class Layer>
class BeastLink final : public WebSocketLink {
 public:
  explicit BeastLink(std::shared_ptr<LinkState<Layer>> state) : state_(std::move(state)) {}
  BeastLink(const BeastLink&) = delete;
  BeastLink& operator=(const BeastLink&) = delete;
  ~BeastLink() override { abort(); }

  asio::awaitable<LinkEvent> read() override { return next_event(state_); }

  base::Status send(std::string text, Priority priority) override {
    if (state_->over || state_->goodbye) return base::Error{base::Code::kUnavailable, "the connection is over"};
    const std::size_t evicted = state_->queue.evicted();
    const auto verdict = state_->queue.push(std::move(text), priority);
    if (state_->queue.evicted() != evicted) {
      base::log::warn("ws", "the server reads too slowly: queued log frames were dropped",
                      {{"dropped", state_->queue.evicted() - evicted}, {"queued_bytes", state_->queue.bytes()}});
    }
    if (verdict == SendQueue::Verdict::kDropped) {
      return base::Error{base::Code::kExhausted, "the send queue is full: the server reads too slowly"};
    }
    if (verdict == SendQueue::Verdict::kOverflow) {
      state_->end({0, "the send queue is full: the server does not read"});
      return base::Error{base::Code::kExhausted, "the send queue is full: the connection was given up"};
    }
    state_->pump();
    return {};
  }

  void ping() override { state_->ping(); }
  base::Bytes queued() const override { return state_->queue.bytes(); }

  asio::awaitable<void> close(std::uint16_t code, std::string reason, base::Duration limit) override {
    // A control frame holds 125 bytes, two of them the code.
    constexpr std::size_t kReasonLimit = 123;
    beast::websocket::close_reason wanted;
    wanted.code = code;
    wanted.reason = reason.substr(0, kReasonLimit);
    return close_link(state_, wanted, limit);
  }

  void abort() override { state_->end({0, "given up by this side"}); }

 private:
  std::shared_ptr<LinkState<Layer>> state_;
};

/// Why the upgrade failed, or nothing.
template <class Response>
std::optional<ConnectFailure> upgrade_failure(boost::system::error_code error, const Response& answer,
                                              const Upgrade& upgrade) {
  const auto field = [&](beast::http::field name) { return std::string(answer[name]); };
  if (error == beast::websocket::error::upgrade_declined) {
    Refusal refusal;
    refusal.status = answer.result_int();
    const auto known = beast::http::obsolete_reason(answer.result());
    refusal.reason =
        answer.result() == beast::http::status::unknown ? std::string(answer.reason()) : std::string(known);
    refusal.body = answer.body();
    refusal.retry_after = field(beast::http::field::retry_after);
    refusal.content_type = field(beast::http::field::content_type);
    refusal.date = field(beast::http::field::date);
    return refused_upgrade(refusal);
  }
  const std::string at = "websocket upgrade at " + upgrade.place.str() + ": ";
  const auto unavailable = [&](const std::string& why) {
    return ConnectFailure{base::Error{base::Code::kUnavailable, at + why}};
  };
  if (error == beast::http::error::end_of_stream) return unavailable("the server closed the connection");
  if (error) return unavailable(error.message());
  const std::string protocol = field(beast::http::field::sec_websocket_protocol);
  if (protocol != upgrade.target.subprotocol) {
    return unavailable(protocol.empty() ? "the server did not choose sub-protocol " + upgrade.target.subprotocol
                                        : "the server chose a sub-protocol nobody asked for: " +
                                              base::log::printable(protocol, 100));
  }
  if (answer.count(beast::http::field::sec_websocket_extensions) != 0) {
    return unavailable("the server uses an extension nobody asked for");
  }
  return std::nullopt;
}

/// The HTTP upgrade on a stream that is ready for it.
template <class Layer>
asio::awaitable<ConnectOutcome> shake_hands(std::shared_ptr<LinkState<Layer>> state, Upgrade upgrade) {
  auto& ws = state->ws;
  beast::websocket::stream_base::timeout none{};
  none.handshake_timeout = beast::websocket::stream_base::none();
  none.idle_timeout = beast::websocket::stream_base::none();
  ws.set_option(none);
  const auto& target = upgrade.target;
  auto add_headers = [&target](beast::websocket::request_type& request) {
    if (!target.bearer.empty()) request.set(beast::http::field::authorization, "Bearer " + target.bearer.reveal());
    if (!target.subprotocol.empty()) request.set(beast::http::field::sec_websocket_protocol, target.subprotocol);
  };
  ws.set_option(beast::websocket::stream_base::decorator(add_headers));
  beast::websocket::response_type answer;
  const std::string host = upgrade.place.host_header();
  const std::string path = upgrade.place.target;
  const auto [error] = co_await ws.async_handshake(answer, host, path, asio::as_tuple(asio::use_awaitable));
  if (upgrade.limit->passed()) co_return ConnectFailure{upgrade.limit->error()};
  if (auto failure = upgrade_failure(error, answer, upgrade)) co_return std::move(*failure);
  upgrade.limit->stop();
  ws.set_option(beast::websocket::stream_base::decorator([](beast::websocket::request_type&) {}));
  state->configure();
  std::unique_ptr<WebSocketLink> link = std::make_unique<BeastLink<Layer>>(std::move(state));
  co_return link;
}

}  // namespace net
