// The worker's WebSocket link as the client of an Autobahn fuzzing server: echoes text over all cases, and closes on a
// binary message as the worker does, because the studio's wire is text only.
//
// usage: conformance-echo HOST:PORT AGENT

#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "base/log.h"
#include "net/websocket_link.h"

namespace {

using namespace std::chrono_literals;
using LinkPtr = std::unique_ptr<net::WebSocketLink>;

constexpr std::uint16_t kUnsupportedData = 1003;

class Suite {
 public:
  Suite(boost::asio::io_context& io, std::string server, std::string agent)
      : connector_(net::make_websocket_connector(io.get_executor())),
        server_(std::move(server)),
        agent_(std::move(agent)) {}

  boost::asio::awaitable<void> run() {
    const auto count = co_await case_count();
    if (!count) co_return;
    for (int number = 1; number <= *count; ++number) {
      const std::string path = "/runCase?case=" + std::to_string(number) + "&agent=" + agent_;
      const bool ran = co_await echo(path);
      if (!ran) co_return;
    }
    const std::string path = "/updateReports?agent=" + agent_;
    passed_ = co_await echo(path);
  }

  bool passed() const { return passed_; }

 private:
  boost::asio::awaitable<LinkPtr> connect(std::string path) {
    net::ConnectTarget target;
    target.url = "ws://" + server_ + path;
    auto outcome = co_await connector_->connect(std::move(target), 10s);
    if (const auto* failure = std::get_if<net::ConnectFailure>(&outcome)) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), failure->error.message.c_str());
      co_return nullptr;
    }
    co_return std::get<LinkPtr>(std::move(outcome));
  }

  boost::asio::awaitable<std::optional<int>> case_count() {
    std::string path = "/getCaseCount";
    const LinkPtr link = co_await connect(std::move(path));
    if (!link) co_return std::nullopt;
    const auto event = co_await link->read();
    const auto* text = std::get_if<net::TextMessage>(&event);
    int count = 0;
    if (text != nullptr) std::from_chars(text->text.data(), text->text.data() + text->text.size(), count);
    if (count <= 0) {
      std::fputs("the server named no number of cases\n", stderr);
      co_return std::nullopt;
    }
    co_return count;
  }

  /// One case: false only when there was no connection.
  boost::asio::awaitable<bool> echo(std::string path) {
    const LinkPtr link = co_await connect(std::move(path));
    if (!link) co_return false;
    for (;;) {
      auto event = co_await link->read();
      if (std::holds_alternative<net::Closed>(event)) co_return true;
      if (auto* message = std::get_if<net::TextMessage>(&event)) {
        // A failed send means that the link is over: the next read says why.
        static_cast<void>(link->send(std::move(message->text), net::Priority::kControl));
        continue;
      }
      std::string reason = "unexpected binary frame";
      co_await link->close(kUnsupportedData, std::move(reason), 5s);
    }
  }

  std::unique_ptr<net::WebSocketConnector> connector_;
  std::string server_;
  std::string agent_;
  bool passed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: conformance-echo HOST:PORT AGENT\n", stderr);
    return 2;
  }
  base::log::set_level(base::log::Level::kWarn);
  boost::asio::io_context io(1);
  Suite suite(io, argv[1], argv[2]);
  base::TaskGroup tasks(io.get_executor());
  tasks.spawn("suite", suite.run());
  io.run();
  return suite.passed() ? 0 : 1;
}
