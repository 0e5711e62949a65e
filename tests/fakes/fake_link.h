#pragma once
// The studio's end of a link, scripted by a test: what the worker sent is read, what the studio says is pushed.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/async/event.h"
#include "net/websocket_link.h"

namespace fakes {

namespace asio = boost::asio;

/// What one connection saw. Outlives the link.
struct LinkRecord {
  net::ConnectTarget target;
  std::vector<std::string> sent;
  std::optional<std::pair<std::uint16_t, std::string>> closed;
  base::Duration close_limit{};
  bool aborted = false;
  int pings = 0;
  base::Mailbox<net::LinkEvent> inbound;

  void say(std::string text) { inbound.push(net::TextMessage{std::move(text)}); }
  void close(std::uint16_t code, std::string reason) { inbound.push(net::Closed{code, std::move(reason)}); }
  bool has_sent(std::string_view part) const {
    for (const auto& frame : sent) {
      if (frame.find(part) != std::string::npos) return true;
    }
    return false;
  }
};

class FakeLink final : public net::WebSocketLink {
 public:
  explicit FakeLink(std::shared_ptr<LinkRecord> record) : record_(std::move(record)) {}

  asio::awaitable<net::LinkEvent> read() override { co_return co_await record_->inbound.pop(); }
  base::Status send(std::string text, net::Priority) override {
    record_->sent.push_back(std::move(text));
    return {};
  }
  void ping() override { ++record_->pings; }
  base::Bytes queued() const override { return 0; }
  asio::awaitable<void> close(std::uint16_t code, std::string reason, base::Duration limit) override {
    record_->close_limit = limit;
    record_->closed.emplace(code, std::move(reason));
    co_return;
  }
  void abort() override { record_->aborted = true; }

 private:
  std::shared_ptr<LinkRecord> record_;
};

/// Each connect gives a fresh link, or the next scripted failure.
class FakeConnector final : public net::WebSocketConnector {
 public:
  asio::awaitable<std::variant<std::unique_ptr<net::WebSocketLink>, net::ConnectFailure>> connect(
      net::ConnectTarget target, base::Duration) override {
    ++attempts;
    if (!failures.empty()) {
      net::ConnectFailure failure = std::move(failures.front());
      failures.pop_front();
      co_return failure;
    }
    auto record = std::make_shared<LinkRecord>();
    record->target = std::move(target);
    links.push_back(record);
    co_return std::make_unique<FakeLink>(std::move(record));
  }

  LinkRecord& last() { return *links.back(); }

  int attempts = 0;
  std::deque<net::ConnectFailure> failures;
  std::vector<std::shared_ptr<LinkRecord>> links;
};

}  // namespace fakes
