#include "control/server.h"

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

#include "base/files.h"
#include "base/log.h"
#include "control/client.h"

namespace control {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxRequest = 8192;
constexpr std::size_t kMaxConnections = 16;
constexpr base::Duration kConnectionLimit = std::chrono::seconds(5);

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

/// What the request wants of the policy; nothing when it is about something else.
asio::awaitable<std::optional<std::string>> answer_on_policy(std::string_view request, Operator& target) {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(request.data(), request.size()), failure);
  const json::object* object = failure ? nullptr : value.if_object();
  const json::value* command = object != nullptr ? object->if_contains("command") : nullptr;
  if (command == nullptr || !command->is_string()) co_return std::nullopt;
  if (command->as_string() == "policy promote") {
    const auto promoted = co_await target.promote_policy();
    co_return answer_of(promoted);
  }
  if (command->as_string() != "policy rollback") co_return std::nullopt;
  std::optional<std::uint64_t> generation;
  if (const json::value* number = object->if_contains("generation")) {
    generation = number->to_number<std::uint64_t>(failure);
    if (failure) co_return error_answer("generation must be a whole number");
  }
  const auto outcome = co_await target.rollback_policy(generation);
  co_return answer_of(outcome);
}

}  // namespace

std::string answer(std::string_view request, Operator& target) {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(request.data(), request.size()), failure);
  const json::value* command = !failure && value.is_object() ? value.as_object().if_contains("command") : nullptr;
  if (command == nullptr || !command->is_string()) return error_answer("a request is one JSON object with a command");
  const std::string_view name(command->as_string());
  if (name == "status") return R"({"ok":true,"status":)" + target.status() + "}";
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
  const auto on_policy = co_await answer_on_policy(line, target_);
  const std::string reply = (on_policy ? *on_policy : answer(line, target_)) + "\n";
  auto bytes = asio::buffer(reply);
  auto writing = asio::async_write(connection, bytes, asio::as_tuple(asio::use_awaitable));
  auto bounded = std::move(writing) || clock_.sleep_until(clock_.now() + kConnectionLimit);
  co_await std::move(bounded);
}

}  // namespace control
