#include "control/server.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include "base/async/timeout.h"
#include "base/files.h"
#include "base/log.h"
#include "control/client.h"

namespace control {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxRequest = 8192;
constexpr std::size_t kMaxConnections = 16;
constexpr std::size_t kMaxStreams = 8;
constexpr base::Duration kConnectionLimit = std::chrono::seconds(5);
/// A trace whose window stands still must not hold up the end of the worker.
constexpr base::Duration kGoodbyeLimit = std::chrono::seconds(1);

std::string error_answer(std::string_view text) {
  return json::serialize(json::object{{"ok", false}, {"error", text}});
}

/// The kernel vouches for the peer; only the worker's own user and root may steer it.
bool is_permitted(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

std::string pause_answer(const json::object& request, Operator& target) {
  const json::value* seconds = request.if_contains("for_seconds");
  if (seconds == nullptr) {
    target.pause(std::nullopt);
    return R"({"ok":true})";
  }
  boost::system::error_code failure;
  const auto value = seconds->to_number<std::int64_t>(failure);
  constexpr std::int64_t kYear = 366LL * 24 * 3600;
  if (failure || value <= 0 || value > kYear) return error_answer("for_seconds must be between 1 and one year");
  target.pause(std::chrono::seconds(value));
  return R"({"ok":true})";
}

std::string answer_of(const base::Result<std::string>& outcome) {
  if (!outcome) return error_answer(outcome.error().message);
  return json::serialize(json::object{{"ok", true}, {"done", *outcome}});
}

bool flag_of(const json::object& request, std::string_view key) {
  const json::value* value = request.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

/// What the request wants of the policy; nothing when it is about something else. Errors: kInvalid.
base::Result<std::optional<PolicyOrder>> read_order(const json::object& request) {
  using Kind = PolicyOrder::Kind;
  const json::value* command = request.if_contains("command");
  if (command == nullptr || !command->is_string()) return std::optional<PolicyOrder>();
  PolicyOrder order;
  if (command->as_string() == "policy promote") {
    order.kind = Kind::kPromote;
    order.shadow = flag_of(request, "shadow");
  } else if (command->as_string() == "policy rollback") {
    if (const json::value* number = request.if_contains("generation")) {
      boost::system::error_code failure;
      order.generation = number->to_number<std::uint64_t>(failure);
      if (failure) return base::Error{base::Code::kInvalid, "generation must be a whole number"};
    }
  } else if (command->as_string() == "policy shadow" && flag_of(request, "stop")) {
    order.kind = Kind::kStopShadow;
  } else if (const json::value* path = request.if_contains("path");
             path != nullptr && command->as_string() == "policy shadow") {
    if (!path->is_string()) return base::Error{base::Code::kInvalid, "path must be a text"};
    order.kind = Kind::kShadow;
    order.path = path->as_string();
  } else {
    return std::optional<PolicyOrder>();
  }
  return std::optional(std::move(order));
}

asio::awaitable<std::optional<std::string>> answer_on_policy(std::string_view request, Operator& target) {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(request.data(), request.size()), failure);
  const json::object* object = failure ? nullptr : value.if_object();
  if (object == nullptr) co_return std::nullopt;
  auto order = read_order(*object);
  if (!order) co_return error_answer(order.error().message);
  if (!*order) co_return std::nullopt;
  const auto outcome = co_await target.carry_out(std::move(**order));
  co_return answer_of(outcome);
}

/// Whether the request wants a stream, and in it also what is kept of before.
struct StreamRequest {
  bool wanted = false;
  bool kept = false;
};

StreamRequest read_stream_request(std::string_view request) {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(request.data(), request.size()), failure);
  const json::object* object = failure ? nullptr : value.if_object();
  const json::value* command = object != nullptr ? object->if_contains("command") : nullptr;
  if (command == nullptr || !command->is_string() || command->as_string() != "policy trace") return {};
  return {true, flag_of(*object, "kept")};
}

}  // namespace

std::string answer(std::string_view request, Operator& target) {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(request.data(), request.size()), failure);
  const json::value* command = !failure && value.is_object() ? value.as_object().if_contains("command") : nullptr;
  if (command == nullptr || !command->is_string()) return error_answer("a request is one JSON object with a command");
  const std::string_view name(command->as_string());
  if (name == "status") return R"({"ok":true,"status":)" + target.status() + "}";
  if (name == "policy shadow") return R"({"ok":true,"shadow":)" + target.shadow() + "}";
  if (name == "pause") return pause_answer(value.as_object(), target);
  if (name == "resume") {
    target.resume();
    return R"({"ok":true})";
  }
  if (name == "drain") {
    target.drain();
    return R"({"ok":true})";
  }
  return error_answer("unknown command \"" + base::log::printable(name, 40) + "\"");
}

base::Result<std::unique_ptr<ControlServer>> ControlServer::listen(asio::any_io_executor executor, base::Clock& clock,
                                                                   std::filesystem::path socket, Operator& target) {
  if (socket.string().size() >= sizeof(sockaddr_un::sun_path)) {
    return base::Error{base::Code::kInvalid, "the control socket's path is too long for a Unix socket: " +
                                                 socket.string() + "; choose a shorter --runtime-dir"};
  }
  CHECK_OK(base::make_private_folder(socket.parent_path()));
  if (is_answering(socket)) {
    return base::Error{base::Code::kConflict, "another worker answers on " + socket.string()};
  }
  ::unlink(socket.c_str());
  boost::system::error_code failure;
  Stream::acceptor acceptor(executor);
  const Stream::endpoint endpoint(socket.string());
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure && ::chmod(socket.c_str(), 0600) != 0) failure.assign(errno, boost::system::system_category());
  if (!failure) acceptor.listen(16, failure);
  if (failure) {
    return base::Error{base::Code::kUnavailable,
                       "cannot listen on control socket " + socket.string() + ": " + failure.message()};
  }
  return std::unique_ptr<ControlServer>(new ControlServer(clock, std::move(socket), target, std::move(acceptor)));
}

ControlServer::ControlServer(base::Clock& clock, std::filesystem::path path, Operator& target,
                             Stream::acceptor acceptor)
    : clock_(clock),
      path_(std::move(path)),
      target_(target),
      acceptor_(std::move(acceptor)),
      connections_(acceptor_.get_executor()) {}

ControlServer::~ControlServer() {
  ::unlink(path_.c_str());
}

asio::awaitable<void> ControlServer::run() {
  for (;;) {
    auto [failure, connection] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (failure) {
      // Out of descriptors, most likely: the pause keeps a full table from becoming a busy loop.
      const auto until = clock_.now() + std::chrono::milliseconds(200);
      co_await clock_.sleep_until(until);
      continue;
    }
    if (connections_.size() >= kMaxConnections) continue;
    if (!is_permitted(connection.native_handle())) {
      base::log::warn("control", "a connection of another user was refused");
      continue;
    }
    connections_.spawn("control connection", serve(std::move(connection)));
  }
}

asio::awaitable<void> ControlServer::stop() {
  stopping_ = true;
  ending_.notify();
  auto goodbye = base::with_timeout(clock_, kGoodbyeLimit, std::string("the streams"), streams_ended());
  static_cast<void>(co_await std::move(goodbye));
  connections_.cancel_all();
  co_await connections_.wait();
}

asio::awaitable<base::Status> ControlServer::streams_ended() {
  while (streams_ > 0) co_await stream_ended_.wait();
  co_return base::Status();
}

asio::awaitable<void> ControlServer::serve(Stream::socket connection) {
  using namespace asio::experimental::awaitable_operators;
  std::string request;
  auto buffer = asio::dynamic_buffer(request, kMaxRequest);
  auto reading = asio::async_read_until(connection, buffer, '\n', asio::as_tuple(asio::use_awaitable));
  auto limited = std::move(reading) || clock_.sleep_until(clock_.now() + kConnectionLimit);
  const auto outcome = co_await std::move(limited);
  if (outcome.index() != 0) co_return;
  const auto [failure, length] = std::get<0>(outcome);
  if (failure) co_return;
  const std::string_view line = std::string_view(request).substr(0, length - 1);
  if (read_stream_request(line).wanted) {
    co_await stream(connection, line);
    co_return;
  }
  const auto on_policy = co_await answer_on_policy(line, target_);
  std::string reply = on_policy ? *on_policy : answer(line, target_);
  co_await send(connection, std::move(reply));
}

asio::awaitable<bool> ControlServer::send(Stream::socket& connection, std::string line) {
  using namespace asio::experimental::awaitable_operators;
  line += '\n';
  auto bytes = asio::buffer(line);
  auto writing = asio::async_write(connection, bytes, asio::as_tuple(asio::use_awaitable));
  auto bounded = std::move(writing) || clock_.sleep_until(clock_.now() + kConnectionLimit);
  const auto outcome = co_await std::move(bounded);
  co_return outcome.index() == 0 && !std::get<0>(std::get<0>(outcome));
}

asio::awaitable<void> ControlServer::stream(Stream::socket& connection, std::string_view request) {
  using namespace asio::experimental::awaitable_operators;
  struct Counted {
    Counted(std::size_t& streams, base::Event& ended) : count(streams), over(ended) { ++count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() {
      --count;
      over.notify();
    }
    std::size_t& count;
    base::Event& over;
  } counted(streams_, stream_ended_);
  if (streams_ > kMaxStreams) {
    co_await send(connection, error_answer("too many traces run already"));
    co_return;
  }
  const auto kept = target_.trace_kept();
  auto number = read_stream_request(request).kept ? kept.first : kept.next;
  auto head = json::serialize(json::object{{"ok", true}, {"since", kept.since}});
  bool taken = co_await send(connection, std::move(head));
  std::array<char, 64> ignored{};
  while (taken && !stopping_) {
    // Nothing more is expected from the other side: what comes is its end.
    auto gone = connection.async_read_some(asio::buffer(ignored), asio::as_tuple(asio::use_awaitable));
    auto race = target_.trace(number) || std::move(gone) || ending_.wait();
    auto outcome = co_await std::move(race);
    if (outcome.index() == 2) break;
    auto* event = std::get_if<control::TraceEvent>(&outcome);
    if (event == nullptr) co_return;
    number = event->number + 1;
    taken = co_await send(connection, std::move(event->json));
  }
  if (!taken) co_return;
  auto end = target_.trace_end();
  co_await send(connection, std::move(end));
}

}  // namespace control
