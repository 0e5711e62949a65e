#include <future>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <variant>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/websocket_link.h"
#include "unit/net/io_fixture.h"
#include "unit/net/rogue_websocket.h"

using namespace std::chrono_literals;

namespace {

using Outcome = std::variant<std::unique_ptr<net::WebSocketLink>, net::ConnectFailure>;

class Connect : public IoTest {
 protected:
  Outcome connect(const std::string& url, base::Duration limit = 10s) {
    net::ConnectTarget target;
    target.url = url;
    target.bearer = base::Secret("token-1");
    target.subprotocol = "studio-worker-v1";
    return await(connector_->connect(std::move(target), limit));
  }

  /// The failure of connecting to a server that answers the upgrade request with `answer`.
  net::ConnectFailure refused(std::string answer) {
    rogue::RogueServer server([&answer](rogue::Peer& peer, int) {
      peer.read_until("\r\n\r\n");
      peer.write(answer);
    });
    auto outcome = connect(server.url("ws"));
    auto* failure = std::get_if<net::ConnectFailure>(&outcome);
    return failure == nullptr ? net::ConnectFailure{base::Error{base::Code::kInternal, "connected"}} : *failure;
  }

  std::unique_ptr<net::WebSocketConnector> connector_ = net::make_websocket_connector(io_.get_executor());
};

/// An address that never answers: its queue of connections is full, so the system drops what asks to connect.
class Swallower {
 public:
  Swallower() : listener_(open()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    STUDIO_ASSERT(::bind(listener_.get(), generic, size) == 0 && ::listen(listener_.get(), 0) == 0);
    STUDIO_ASSERT(::getsockname(listener_.get(), generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    do {
      filling_.push_back(open());
      static_cast<void>(::connect(filling_.back().get(), generic, size));
    } while (answered(filling_.back().get()));
  }

  std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  static base::UniqueFd open() {
    return base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  static bool answered(int fd) {
    pollfd wait{fd, POLLOUT, 0};
    return ::poll(&wait, 1, 200) == 1;
  }

  base::UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::vector<base::UniqueFd> filling_;
};

std::string message(const Outcome& outcome) {
  const auto* failure = std::get_if<net::ConnectFailure>(&outcome);
  return failure == nullptr ? "connected" : failure->error.message;
}

}  // namespace

TEST_F(Connect, SendsOnlyWhatTheHandshakeNeeds) {
  std::promise<std::string> heard;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    heard.set_value(rogue::upgrade(peer));
    peer.drain();
  });
  auto outcome = connect(server.url("ws", "/graphics/api/workers/w-1/connect"));
  ASSERT_TRUE(std::holds_alternative<std::unique_ptr<net::WebSocketLink>>(outcome)) << message(outcome);
  const std::string request = heard.get_future().get();
  EXPECT_TRUE(request.starts_with("GET /graphics/api/workers/w-1/connect HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Authorization: Bearer token-1\r\n"), std::string::npos);
  EXPECT_NE(request.find("Sec-WebSocket-Protocol: studio-worker-v1\r\n"), std::string::npos);
  EXPECT_NE(request.find("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"), std::string::npos);
  EXPECT_EQ(request.find("User-Agent"), std::string::npos);
  EXPECT_EQ(request.find("Sec-WebSocket-Extensions"), std::string::npos);
}

TEST_F(Connect, TakesLocalhostWithoutALookup) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    rogue::upgrade(peer);
    peer.drain();
  });
  auto outcome = connect("ws://localhost:" + std::to_string(server.port()));
  EXPECT_EQ(message(outcome), "connected");
}

TEST_F(Connect, N7_WantsTheSubProtocolBack) {
  const auto answered_with = [&](std::string headers) {
    rogue::RogueServer server([&](rogue::Peer& peer, int) {
      rogue::upgrade(peer, headers);
      peer.drain();
    });
    return message(connect(server.url("ws")));
  };
  EXPECT_NE(answered_with("").find("did not choose sub-protocol studio-worker-v1"), std::string::npos);
  EXPECT_NE(answered_with("Sec-WebSocket-Protocol: other\r\n").find("sub-protocol nobody asked for"),
            std::string::npos);
  EXPECT_NE(answered_with("Sec-WebSocket-Protocol: studio-worker-v1\r\n"
                          "Sec-WebSocket-Extensions: permessage-deflate\r\n")
                .find("extension nobody asked for"),
            std::string::npos);
  // Far more headers than fit into Beast's own read buffer.
  EXPECT_EQ(answered_with("Sec-WebSocket-Protocol: studio-worker-v1\r\nX-Policy: " + std::string(4000, 'p') + "\r\n"),
            "connected");
}

TEST_F(Connect, N7_RefusesAWrongAcceptKey) {
  const auto failure = refused(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\nSec-WebSocket-Protocol: studio-worker-v1\r\n\r\n");
  EXPECT_EQ(failure.error.code, base::Code::kUnavailable);
  EXPECT_EQ(failure.http_status, 0U);
}

TEST_F(Connect, N6_ReportsTheStatusOfARefusal) {
  const auto unauthorized = refused("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(unauthorized.http_status, 401U);
  EXPECT_EQ(unauthorized.error.message, "401 on websocket upgrade");

  const auto gone = refused("HTTP/1.1 404 Not Found\r\nContent-Length: 16\r\n\r\nworker not found");
  EXPECT_EQ(gone.http_status, 404U);
  EXPECT_EQ(gone.error.message, "HTTP 404 Not Found on websocket upgrade: worker not found");

  const auto busy = refused("HTTP/1.1 503 Whatever\r\nRetry-After: 12\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(busy.http_status, 503U);
  EXPECT_EQ(busy.retry_after, 12s);
  EXPECT_EQ(busy.error.message, "HTTP 503 Service Unavailable on websocket upgrade");
}

TEST_F(Connect, N6_DoesNotFollowARedirect) {
  const auto failure = refused("HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(failure.http_status, 301U);
}

TEST_F(Connect, SurvivesAnswersThatAreNoHttp) {
  EXPECT_EQ(refused("SSH-2.0-OpenSSH_9.2\r\n\r\n").error.code, base::Code::kUnavailable);
  EXPECT_EQ(refused("").error.message.find("websocket upgrade at 127.0.0.1:"), 0U);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'h') + "\r\n\r\n").error.code,
            base::Code::kUnavailable);
}

TEST_F(Connect, N4_GivesUpAtItsLimitWhenNothingAnswers) {
  const Swallower nobody;
  const auto outcome = connect(nobody.url(), 300ms);
  EXPECT_EQ(message(outcome), "connect timed out after 300ms");
}

TEST_F(Connect, N5_GivesUpOnAServerThatNeverAnswers) {
  rogue::RogueServer server([](rogue::Peer& peer, int) { peer.drain(); });
  const auto outcome = connect(server.url("ws"), 200ms);
  ASSERT_TRUE(std::holds_alternative<net::ConnectFailure>(outcome));
  EXPECT_EQ(std::get<net::ConnectFailure>(outcome).error.code, base::Code::kTimeout);
  EXPECT_EQ(message(outcome), "connect timed out after 200ms");
}

TEST_F(Connect, EndsAtOnceWhenItIsCancelled) {
  bool asked = false;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    peer.read_until("\r\n\r\n");
    boost::asio::post(io_, [&] { asked = true; });
    peer.drain();
  });
  struct Wait {
    static boost::asio::awaitable<void> connect(net::WebSocketConnector& connector, net::ConnectTarget target) {
      co_await connector.connect(std::move(target), 10min);
    }
  };
  net::ConnectTarget target;
  target.url = server.url("ws");
  const auto task = tasks_.spawn("connect", Wait::connect(*connector_, std::move(target)));
  turn_until([&] { return asked; });
  tasks_.cancel(task);
  turn_until([&] { return tasks_.size() == 0; });
  EXPECT_EQ(tasks_.size(), 0U);
}

TEST_F(Connect, N1_NamesTheAddressNobodyListensOn) {
  std::uint16_t port = 0;
  {
    port = rogue::RogueServer([](rogue::Peer&, int) {}).port();
  }
  EXPECT_NE(message(connect("ws://127.0.0.1:" + std::to_string(port))).find("cannot connect to 127.0.0.1:"),
            std::string::npos);
  EXPECT_NE(message(connect("ws://localhost:" + std::to_string(port))).find("(2 addresses tried)"), std::string::npos);
}

TEST_F(Connect, N2_NamesTheHostThatDoesNotResolve) {
  // A label this long cannot exist, so no name server is asked.
  const std::string host = std::string(70, 'h') + ".invalid";
  EXPECT_NE(message(connect("ws://" + host + "/")).find("cannot resolve " + host + ": "), std::string::npos);
}

TEST_F(Connect, RefusesATokenThatWouldBreakTheHeader) {
  net::ConnectTarget target;
  target.url = "ws://127.0.0.1:9/";
  target.bearer = base::Secret("a\r\nX: y");
  const auto outcome = await(connector_->connect(std::move(target), 1s));
  EXPECT_EQ(message(outcome), "the token holds a line break");
}
