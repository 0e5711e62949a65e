#pragma once
// ControlServer: a Unix socket for the operator's commands: one request per connection, one answer, or a stream of what
// happens. Thread: io.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/clock.h"
#include "base/result.h"
#include "control/operator.h"

namespace control {

namespace asio = boost::asio;

class ControlServer {
 public:
  /// Listens on `socket` (mode 0600). A socket file that nobody answers on is left over from a crash and replaced.
  /// Errors: kConflict when another worker answers there, kInvalid when the path is too long, kUnavailable otherwise.
  static base::Result<std::unique_ptr<ControlServer>> listen(asio::any_io_executor executor, base::Clock& clock,
                                                             std::filesystem::path socket, Operator& target);
  ~ControlServer();

  /// Serves until it is cancelled; at most 16 connections at a time, 5 s each, and 8 of them streams without an end.
  asio::awaitable<void> run();
  /// Ends every connection; a stream is told first, so that its end is not taken for a crash. Requires: awaited after
  /// `run` has ended, before the server dies.
  asio::awaitable<void> stop();

 private:
  using Stream = asio::local::stream_protocol;
  ControlServer(base::Clock& clock, std::filesystem::path path, Operator& target, Stream::acceptor acceptor);
  asio::awaitable<void> serve(Stream::socket connection);
  /// Sends what happens around the policy until the other side goes, or this one ends.
  asio::awaitable<void> stream(Stream::socket& connection, std::string_view request);
  /// False when the other side does not take it.
  asio::awaitable<bool> send(Stream::socket& connection, std::string line);
  asio::awaitable<base::Status> streams_ended();

  base::Clock& clock_;
  std::filesystem::path path_;
  Operator& target_;
  Stream::acceptor acceptor_;
  std::size_t streams_ = 0;
  bool stopping_ = false;
  base::Event ending_;
  base::Event stream_ended_;
  base::TaskGroup connections_;
};

/// The answer to one request line, as JSON. Exposed for tests.
std::string answer(std::string_view request, Operator& target);

}  // namespace control
