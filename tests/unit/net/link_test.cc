#include <future>
#include <memory>
#include <string>
#include <variant>

#include "net/websocket_link.h"
#include "unit/net/io_fixture.h"
#include "unit/net/rogue_websocket.h"

using namespace std::chrono_literals;
using net::Priority;

namespace {

using LinkPtr = std::unique_ptr<net::WebSocketLink>;

class Link : public IoTest {
 protected:
  LinkPtr connect(const rogue::RogueServer& server) {
    net::ConnectTarget target;
    target.url = server.url("ws");
    target.subprotocol = "studio-worker-v1";
    auto connector = net::make_websocket_connector(io_.get_executor());
    auto outcome = await(connector->connect(std::move(target), 10s));
    if (auto* link = std::get_if<LinkPtr>(&outcome)) return std::move(*link);
    throw std::runtime_error(std::get<net::ConnectFailure>(outcome).error.message);
  }

  std::string read_text(net::WebSocketLink& link) {
    const auto event = await(link.read());
    const auto* text = std::get_if<net::TextMessage>(&event);
    return text == nullptr ? "(no text)" : text->text;
  }

  net::Closed read_closed(net::WebSocketLink& link) {
    const auto event = await(link.read());
    const auto* closed = std::get_if<net::Closed>(&event);
    return closed == nullptr ? net::Closed{9999, "(not closed)"} : *closed;
  }

  /// What the link says about a server that sends these bytes and waits.
  net::Closed after(const std::string& bytes) {
    rogue::RogueServer server([&](rogue::Peer& peer, int) {
      rogue::upgrade(peer);
      peer.write(bytes);
      rogue::read_frame(peer, rogue::kClose);
    });
    auto link = connect(server);
    return read_closed(*link);
  }
};

/// A server that upgrades and then runs `talk`.
rogue::RogueServer::Script upgraded(std::function<void(rogue::Peer&)> talk) {
  return [talk](rogue::Peer& peer, int) {
    rogue::upgrade(peer);
    talk(peer);
  };
}

}  // namespace

TEST_F(Link, CarriesTextBothWaysInOrder) {
  std::promise<std::string> heard;
  rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
    std::string all;
    for (int i = 0; i < 100; ++i) {
      const auto frame = rogue::read_frame(peer);
      all += frame.masked && frame.opcode == rogue::kText ? frame.payload : "(wrong)";
    }
    heard.set_value(all);
    peer.write(rogue::frame(rogue::kText, "one") + rogue::frame(rogue::kText, "") + rogue::frame(rogue::kText, "two"));
    peer.drain();
  }));
  auto link = connect(server);
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    const std::string text = "<" + std::to_string(i) + ">";
    ASSERT_TRUE(link->send(text, i % 2 == 0 ? Priority::kControl : Priority::kDroppable));
    sent += text;
  }
  EXPECT_EQ(read_text(*link), "one");
  EXPECT_EQ(read_text(*link), "");
  EXPECT_EQ(read_text(*link), "two");
  EXPECT_EQ(heard.get_future().get(), sent);
  EXPECT_EQ(link->queued(), 0U);
}

TEST_F(Link, SendsInsideTheCallAndInOneWrite) {
  std::promise<std::size_t> first_read;
  rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
    // One recv after the upgrade: a frame that left in pieces would be cut here.
    std::string bytes(128UL * 1024, '\0');
    const auto got = ::recv(peer.fd(), bytes.data(), bytes.size(), 0);
    first_read.set_value(static_cast<std::size_t>(got));
    peer.drain();
  }));
  auto link = connect(server);
  ASSERT_TRUE(link->send(std::string(10'000, 'x'), Priority::kControl));
  // Not one turn of the loop: the bytes are gone already. 8 = head, length and mask.
  EXPECT_EQ(first_read.get_future().get(), 10'008U);
}

TEST_F(Link, PutsAFragmentedMessageTogetherAndAnswersPings) {
  std::promise<std::string> pong;
  rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
    peer.write(rogue::frame(rogue::kText, "a gl", false) + rogue::frame(rogue::kPing, "are you there") +
               rogue::frame(rogue::kContinuation, "obe, turn", false) + rogue::frame(rogue::kContinuation, "ing"));
    pong.set_value(rogue::read_frame(peer, rogue::kPong).payload);
    peer.drain();
  }));
  auto link = connect(server);
  EXPECT_EQ(read_text(*link), "a globe, turning");
  EXPECT_EQ(pong.get_future().get(), "are you there");
}

TEST_F(Link, N15_AnswersPingsAndHandsNoneOn) {
  std::promise<int> answered;
  rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
    int same = 0;
    for (int i = 0; i < 100; ++i) {
      const std::string payload = std::to_string(i);
      peer.write(rogue::frame(rogue::kPing, payload));
      same += rogue::read_frame(peer, rogue::kPong).payload == payload ? 1 : 0;
    }
    peer.write(rogue::frame(rogue::kText, "a message"));
    answered.set_value(same);
    peer.drain();
  }));
  auto link = connect(server);
  EXPECT_EQ(read_text(*link), "a message");
  EXPECT_EQ(answered.get_future().get(), 100);
}

TEST_F(Link, PingsWhenAsked) {
  std::promise<std::uint8_t> heard;
  rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
    const auto frame = rogue::read_frame(peer);
    heard.set_value(frame.opcode);
    peer.write(rogue::frame(rogue::kPong, frame.payload) + rogue::frame(rogue::kText, "after the pong"));
    peer.drain();
  }));
  auto link = connect(server);
  link->ping();
  link->ping();
  EXPECT_EQ(read_text(*link), "after the pong");
  EXPECT_EQ(heard.get_future().get(), rogue::kPing);
}

TEST_F(Link, ReportsABinaryMessageAndGoesOn) {
  rogue::RogueServer server(upgraded([](rogue::Peer& peer) {
    peer.write(rogue::frame(rogue::kBinary, std::string(70'000, 'b')) + rogue::frame(rogue::kText, "text"));
    peer.drain();
  }));
  auto link = connect(server);
  const auto event = await(link->read());
  ASSERT_TRUE(std::holds_alternative<net::BinaryMessage>(event));
  EXPECT_EQ(std::get<net::BinaryMessage>(event).bytes, 70'000U);
  EXPECT_EQ(read_text(*link), "text");
}

TEST_F(Link, TakesAMessageOfTheLargestSize) {
  constexpr std::size_t kSize = 64UL * 1024 * 1024;
  rogue::RogueServer server(upgraded([](rogue::Peer& peer) {
    std::string bytes = rogue::frame(rogue::kText, std::string(kSize, 'm'));
    peer.write(bytes);
    peer.write(rogue::frame(rogue::kText, "next"));
    peer.drain();
  }));
  auto link = connect(server);
  const std::string text = read_text(*link);
  EXPECT_EQ(text.size(), kSize);
  EXPECT_EQ(text.find_first_not_of('m'), std::string::npos);
  EXPECT_EQ(read_text(*link), "next");
}

TEST_F(Link, N10_GivesTheCloseCodeOfTheServer) {
  const auto restart = after(rogue::close_frame(1012, "restart"));
  EXPECT_EQ(restart.code, 1012);
  EXPECT_EQ(restart.reason, "restart");
  EXPECT_EQ(after(rogue::close_frame(4003, "duplicate")).code, 4003);
  EXPECT_EQ(after(rogue::frame(rogue::kClose, "")).code, 1005);
}

TEST_F(Link, EndsOnBrokenFrames) {
  const std::string oversize = std::string("\x81\x7F") + std::string("\x40\0\0\0\0\0\0\0", 8);
  EXPECT_NE(after(oversize).reason.find("exceeds 64 MiB"), std::string::npos);
  const std::string top_bit = std::string("\x81\x7F") + std::string("\x80\0\0\0\0\0\0\x03", 8);
  EXPECT_EQ(after(top_bit).code, 0);
  EXPECT_EQ(after(rogue::frame(rogue::kText, "\xC3(")).code, 0);
  EXPECT_EQ(after(std::string("\x81\x81") + "mask" + "x").code, 0);  // masked by a server
  EXPECT_EQ(after(std::string("\x8B\x00", 2)).code, 0);              // unknown opcode
  EXPECT_EQ(after(rogue::close_frame(1014, "")).code, 0);
}

TEST_F(Link, ClosesWithTheCodeThatFits) {
  const auto code_after = [&](const std::string& bytes) {
    std::promise<std::string> payload;
    rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
      peer.write(bytes);
      payload.set_value(rogue::read_frame(peer, rogue::kClose).payload);
    }));
    auto link = connect(server);
    read_closed(*link);
    return payload.get_future().get();
  };
  EXPECT_EQ(code_after(rogue::frame(rogue::kText, "\xC3(")), "\x03\xEF");                             // 1007
  EXPECT_EQ(code_after(std::string("\x81\x7F") + std::string("\x40\0\0\0\0\0\0\0", 8)), "\x03\xF1");  // 1009
}

TEST_F(Link, N9_GivesNoHalfMessage) {
  rogue::RogueServer server(upgraded([](rogue::Peer& peer) {
    peer.write(rogue::frame(rogue::kText, "complete") + rogue::frame(rogue::kText, "cut in the middle").substr(0, 9));
    rogue::read_frame(peer);
    peer.reset();
  }));
  auto link = connect(server);
  EXPECT_EQ(read_text(*link), "complete");
  ASSERT_TRUE(link->send("now reset", Priority::kControl));
  const auto closed = read_closed(*link);
  EXPECT_EQ(closed.code, 0);
  EXPECT_EQ(closed.reason, "Connection reset by peer");
  EXPECT_EQ(read_closed(*link).reason, closed.reason);
  const auto status = link->send("too late", Priority::kControl);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, base::Code::kUnavailable);
}

TEST_F(Link, CallsAnEndWithoutCloseFrameByItsName) {
  rogue::RogueServer server(upgraded([](rogue::Peer&) {}));
  auto link = connect(server);
  const auto closed = read_closed(*link);
  EXPECT_EQ(closed.code, 0);
  EXPECT_EQ(closed.reason, "connection closed by server");
}

TEST_F(Link, ClosesInOrderAfterTheLastFrame) {
  std::promise<std::string> heard;
  rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
    std::string all = rogue::read_frame(peer).payload + "|";
    const auto goodbye = rogue::read_frame(peer);
    all += goodbye.payload;
    peer.write(rogue::frame(rogue::kClose, goodbye.payload));
    heard.set_value(all);
  }));
  auto link = connect(server);
  ASSERT_TRUE(link->send(std::string(300'000, 'z'), Priority::kControl));
  await(link->close(1000, "session ended", 5s));
  EXPECT_EQ(heard.get_future().get(), std::string(300'000, 'z') + "|\x03\xE8session ended");
  EXPECT_FALSE(link->send("late", Priority::kControl));
}

TEST_F(Link, ClosesInOrderAfterAReadWasCancelled) {
  std::promise<std::string> heard;
  rogue::RogueServer server(upgraded([&](rogue::Peer& peer) {
    const auto goodbye = rogue::read_frame(peer);
    heard.set_value(goodbye.payload);
    peer.write(rogue::frame(rogue::kClose, goodbye.payload));
  }));
  auto link = connect(server);
  struct Reader {
    static boost::asio::awaitable<void> read(net::WebSocketLink& link) { co_await link.read(); }
  };
  const auto reader = tasks_.spawn("reader", Reader::read(*link));
  io_.poll();
  tasks_.cancel(reader);
  turn_until([&] { return tasks_.size() == 0; });
  await(link->close(1000, "bye", 5s));
  EXPECT_EQ(heard.get_future().get(),
            "\x03\xE8"
            "bye");
}

TEST_F(Link, LosesNothingWhenAReadIsCancelled) {
  std::promise<void> go;
  auto may_send = go.get_future().share();
  rogue::RogueServer server(upgraded([may_send](rogue::Peer& peer) {
    may_send.wait();
    peer.write(rogue::frame(rogue::kText, "kept"));
    peer.drain();
  }));
  auto link = connect(server);
  struct Reader {
    static boost::asio::awaitable<void> read(net::WebSocketLink& link) { co_await link.read(); }
  };
  const auto reader = tasks_.spawn("reader", Reader::read(*link));
  io_.poll();
  tasks_.cancel(reader);
  turn_until([&] { return tasks_.size() == 0; });
  go.set_value();
  EXPECT_EQ(read_text(*link), "kept");
}

TEST_F(Link, DoesNotWaitLongForAPeerThatIgnoresTheCloseFrame) {
  rogue::RogueServer server(upgraded([](rogue::Peer& peer) { peer.drain(); }));
  auto link = connect(server);
  await(link->close(1000, "bye", 50ms));
  EXPECT_EQ(read_closed(*link).reason, "the server did not answer the close frame");
}

TEST_F(Link, N14_BoundsTheQueueOfAServerThatDoesNotRead) {
  std::promise<void> done;
  auto finished = done.get_future().share();
  rogue::RogueServer server(upgraded([finished](rogue::Peer&) { finished.wait(); }));
  auto link = connect(server);
  ASSERT_TRUE(link->send(std::string(16 * base::kMiB, 'c'), Priority::kControl));
  const auto dropped = link->send(std::string(base::kMiB, 'l'), Priority::kDroppable);
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().code, base::Code::kExhausted);
  EXPECT_EQ(link->queued(), 16 * base::kMiB);
  EXPECT_TRUE(link->send("a heartbeat still fits", Priority::kControl));
  const auto given_up = link->send(std::string(65 * base::kMiB, 'c'), Priority::kControl);
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code, base::Code::kExhausted);
  EXPECT_EQ(read_closed(*link).reason, "the send queue is full: the server does not read");
  done.set_value();
}

TEST_F(Link, MayDieWithOperationsInFlight) {
  std::promise<void> done;
  auto finished = done.get_future().share();
  rogue::RogueServer server(upgraded([finished](rogue::Peer&) { finished.wait(); }));
  auto link = connect(server);
  struct Reader {
    static boost::asio::awaitable<void> read(net::WebSocketLink& link) { co_await link.read(); }
  };
  tasks_.spawn("reader", Reader::read(*link));
  io_.poll();
  ASSERT_TRUE(link->send(std::string(16 * base::kMiB, 'c'), Priority::kControl));
  link->ping();
  link->abort();
  turn_until([&] { return tasks_.size() == 0; });
  link.reset();
  io_.poll();
  done.set_value();
}
