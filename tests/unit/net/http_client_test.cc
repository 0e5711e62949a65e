#include "net/http_client.h"

#include <csignal>
#include <future>
#include <optional>
#include <string>

#include <boost/asio/post.hpp>

#include "base/async/event.h"
#include "unit/net/rogue_http.h"

using namespace std::chrono_literals;

namespace {

class HttpSend : public rogue::HttpTest {
 protected:
  net::HttpRequest post(const std::string& url) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.bearer = base::Secret("token-1");
    request.content_type = "application/json";
    request.body = R"({"a":1})";
    return request;
  }
};

/// Time passes when the test says so.
class SteppedClock final : public base::Clock {
 public:
  base::SteadyTime now() const override { return now_; }
  base::WallTime wall_now() const override { return {}; }
  boost::asio::awaitable<void> sleep_until(base::SteadyTime until) override {
    while (now_ < until) co_await stepped_.wait();
  }
  void step(base::Duration duration) {
    now_ += duration;
    stepped_.notify();
  }

 private:
  base::SteadyTime now_{};
  base::Event stepped_;
};

/// Starts a request whose coroutine the test cancels.
struct Background {
  static boost::asio::awaitable<void> send(net::HttpClient& client, net::HttpRequest request, base::Code& code) {
    const auto result = co_await client.send(std::move(request));
    code = result ? base::Code::kInternal : result.error().code;
  }
  static boost::asio::awaitable<void> keep(net::HttpClient& client, net::HttpRequest request,
                                           std::optional<base::Result<net::HttpResponse>>& response) {
    auto result = co_await client.send(std::move(request));
    response.emplace(std::move(result));
  }
};

}  // namespace

TEST_F(HttpSend, SendsHeadersAndBodyAndGivesTheAnswer) {
  std::promise<std::pair<rogue::HttpHead, std::string>> heard;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    auto head = rogue::read_head(peer);
    auto body = peer.read_exactly(head.content_length);
    heard.set_value({std::move(head), std::move(body)});
    peer.write(rogue::answer("200 OK", R"({"status":"pending"})", "Content-Type: application/json\r\n"));
    peer.drain();
  });
  const auto response = await(client_->send(post(server.url("http", "/register?x=1"))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, R"({"status":"pending"})");
  EXPECT_EQ(response->content_type, "application/json");
  EXPECT_FALSE(response->retry_after);
  const auto [head, body] = heard.get_future().get();
  EXPECT_EQ(head.line, "POST /register?x=1 HTTP/1.1");
  EXPECT_EQ(body, R"({"a":1})");
  EXPECT_EQ(head.headers.at("authorization"), "Bearer token-1");
  EXPECT_EQ(head.headers.at("content-type"), "application/json");
  EXPECT_EQ(head.headers.count("user-agent"), 0U);
  EXPECT_EQ(head.headers.count("expect"), 0U);
}

TEST_F(HttpSend, GivesEveryStatusAsAValue) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    const char* answers[] = {"404 Not Found", "409 Conflict", "429 Too Many Requests", "503 Service Unavailable"};
    for (const char* status : answers) {
      const auto head = rogue::read_head(peer);
      peer.read_exactly(head.content_length);
      peer.write(rogue::answer(status, "why", "Retry-After: 7\r\n"));
    }
    peer.drain();
  });
  for (const int status : {404, 409, 429, 503}) {
    const auto response = await(client_->send(post(server.url("http"))));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(response->body, "why");
    EXPECT_EQ(response->retry_after, 7s);
  }
  EXPECT_EQ(server.accepted(), 1) << "the connection was not used again";
}

TEST_F(HttpSend, KeepsAtMost64KiBOfABody) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    peer.write(rogue::answer("200 OK", std::string(1'000'000, 'b')));
    peer.drain();
  });
  net::HttpRequest request;
  request.url = server.url("http");
  const auto response = await(client_->send(std::move(request)));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, std::string(64UL * 1024, 'b'));
}

TEST_F(HttpSend, CarriesABodyThatIsNoText) {
  const std::string bytes("\0\xFF\x80 not UTF-8 \r\n\x01", 17);
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    const auto head = rogue::read_head(peer);
    peer.write(rogue::answer("200 OK", peer.read_exactly(head.content_length)));
    peer.drain();
  });
  auto request = post(server.url("http"));
  request.body = bytes;
  const auto response = await(client_->send(std::move(request)));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, bytes);
}

TEST_F(HttpSend, DoesNotFollowRedirects) {
  rogue::RogueServer other([](rogue::Peer&, int) {});
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    const auto head = rogue::read_head(peer);
    peer.read_exactly(head.content_length);
    peer.write(rogue::answer("307 Temporary Redirect", "", "Location: " + other.url("http") + "\r\n"));
    peer.drain();
  });
  const auto response = await(client_->send(post(server.url("http"))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 307);
  EXPECT_EQ(other.accepted(), 0);
}

TEST_F(HttpSend, KeepsTheTimeLimit) {
  rogue::RogueServer server([](rogue::Peer& peer, int) { peer.drain(); });
  auto request = post(server.url("http"));
  request.limit = 100ms;
  const auto response = await(client_->send(std::move(request)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kTimeout);
}

TEST_F(HttpSend, NamesTheRequestInATransportError) {
  std::string url;
  {
    url = rogue::RogueServer([](rogue::Peer&, int) {}).url("http", "/complete");
  }
  const auto response = await(client_->send(post(url)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kUnavailable);
  EXPECT_EQ(response.error().message.find("POST " + url + ": "), 0U) << response.error().message;
  EXPECT_EQ(response.error().message.find("token-1"), std::string::npos);
}

TEST_F(HttpSend, RefusesSchemesAndHeadersItMustNotSend) {
  EXPECT_EQ(await(client_->send(post("file:///etc/passwd"))).error().code, base::Code::kInvalid);
  EXPECT_EQ(await(client_->send(post("ftp://127.0.0.1/"))).error().code, base::Code::kInvalid);
  auto request = post("http://127.0.0.1:9/");
  request.bearer = base::Secret("a\r\nX: y");
  EXPECT_EQ(await(client_->send(std::move(request))).error().code, base::Code::kInvalid);
}

TEST_F(HttpSend, SaysWhenTheTransferProgramIsMissing) {
  net::HttpOptions options;
  options.transfer_program = "/nonexistent/studio-transfer";
  client_ = net::make_http_client(io_.get_executor(), *clock_, std::move(options));
  const auto response = await(client_->send(post("http://127.0.0.1:9/")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kNotFound);
}

TEST_F(HttpSend, CancelsTheTransferWithTheCoroutine) {
  bool asked = false;
  bool hung_up = false;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    boost::asio::post(io_, [&] { asked = true; });
    peer.drain();
    boost::asio::post(io_, [&] { hung_up = true; });
  });
  base::Code code = base::Code::kInternal;
  const auto task = tasks_.spawn("request", Background::send(*client_, post(server.url("http")), code));
  turn_until([&] { return asked; });
  const std::size_t others = tasks_.size() - 1;
  tasks_.cancel(task);
  turn_until([&] { return hung_up && tasks_.size() == others; });
  EXPECT_TRUE(hung_up) << "the transfer went on";
  EXPECT_EQ(code, base::Code::kCancelled);
}

TEST_F(HttpSend, StartsTheProgramAtNeedAndEndsItWhenIdle) {
  make_client(50ms);
  EXPECT_EQ(transfer_pid(), 0);
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    for (;;) {
      const auto head = rogue::read_head(peer);
      if (head.line.empty()) return;
      peer.read_exactly(head.content_length);
      peer.write(rogue::answer("200 OK"));
    }
  });
  ASSERT_TRUE(await(client_->send(post(server.url("http")))));
  const pid_t first = transfer_pid();
  EXPECT_NE(first, 0);
  turn_until([&] { return transfer_pid() == 0; });
  EXPECT_EQ(transfer_pid(), 0) << "the program still runs";
  ASSERT_TRUE(await(client_->send(post(server.url("http")))));
  EXPECT_NE(transfer_pid(), first);
}

TEST_F(HttpSend, SurvivesOneDeathOfTheProgram) {
  rogue::RogueServer server([&](rogue::Peer& peer, int index) {
    const auto head = rogue::read_head(peer);
    peer.read_exactly(head.content_length);
    if (index == 0) boost::asio::post(io_, [] { signal_transfer(SIGKILL); });
    if (index > 0) peer.write(rogue::answer("200 OK", "second"));
    peer.drain();
  });
  const auto response = await(client_->send(post(server.url("http"))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "second");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(HttpSend, GivesUpAfterTheSecondDeath) {
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    boost::asio::post(io_, [] { signal_transfer(SIGKILL); });
    peer.drain();
  });
  const auto response = await(client_->send(post(server.url("http"))));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kUnavailable);
  EXPECT_EQ(response.error().message, "the transfer program died twice: signal 9 (Killed)");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(HttpSend, GoesOnAfterADeathBetweenRequests) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    const auto head = rogue::read_head(peer);
    peer.read_exactly(head.content_length);
    peer.write(rogue::answer("200 OK"));
    peer.drain();
  });
  ASSERT_TRUE(await(client_->send(post(server.url("http")))));
  signal_transfer(SIGKILL);
  EXPECT_TRUE(await(client_->send(post(server.url("http")))));
}

TEST_F(HttpSend, KillsAProgramThatHangs) {
  SteppedClock clock;
  net::HttpOptions options;
  options.transfer_program = STUDIO_TRANSFER;
  client_ = net::make_http_client(io_.get_executor(), clock, std::move(options));
  bool asked = false;
  rogue::RogueServer server([&](rogue::Peer& peer, int index) {
    const auto head = rogue::read_head(peer);
    peer.read_exactly(head.content_length);
    if (index > 0) peer.write(rogue::answer("200 OK", "from the second program"));
    boost::asio::post(io_, [&] { asked = true; });
    peer.drain();
  });
  std::optional<base::Result<net::HttpResponse>> response;
  tasks_.spawn("request", Background::keep(*client_, post(server.url("http")), response));
  turn_until([&] { return asked; });
  signal_transfer(SIGSTOP);
  // A minute until the first look, which sends the probe; then half a minute for its answer.
  for (int i = 0; i < 2; ++i) {
    clock.step(61s);
    io_.poll();
  }
  turn_until([&] { return response.has_value(); });
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->body, "from the second program");
  client_.reset();
  turn_until([] { return transfer_pid() == 0; });
}

TEST_F(HttpSend, LeavesABusyProgramAlone) {
  SteppedClock clock;
  net::HttpOptions options;
  options.transfer_program = STUDIO_TRANSFER;
  client_ = net::make_http_client(io_.get_executor(), clock, std::move(options));
  rogue::RogueServer quick([](rogue::Peer& peer, int) {
    for (auto head = rogue::read_head(peer); !head.line.empty(); head = rogue::read_head(peer)) {
      peer.read_exactly(head.content_length);
      peer.write(rogue::answer("200 OK"));
    }
  });
  bool asked = false;
  std::promise<void> go;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    const auto head = rogue::read_head(peer);
    peer.read_exactly(head.content_length);
    boost::asio::post(io_, [&] { asked = true; });
    go.get_future().wait();
    peer.write(rogue::answer("200 OK", "slow"));
    peer.drain();
  });
  std::optional<base::Result<net::HttpResponse>> response;
  tasks_.spawn("request", Background::keep(*client_, post(server.url("http")), response));
  turn_until([&] { return asked; });
  const pid_t pid = transfer_pid();
  for (int i = 0; i < 5; ++i) {
    clock.step(61s);
    io_.poll();
    // Answers come in the order of the frames: after this one the probe was echoed.
    ASSERT_TRUE(await(client_->send(post(quick.url("http")))));
  }
  EXPECT_EQ(transfer_pid(), pid);
  go.set_value();
  turn_until([&] { return response.has_value(); });
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->body, "slow");
  client_.reset();
  turn_until([] { return transfer_pid() == 0; });
}
