#include "studio/studio_link.h"

#include <gmock/gmock.h>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "fakes/fake_link.h"
#include "fakes/virtual_clock.h"

namespace {

using namespace std::chrono_literals;
using studio::LinkEnd;
using testing::HasSubstr;

constexpr const char* kWelcome = R"({"type":"welcome","workerId":"w-1","serverTime":"2026-03-04T10:11:10Z"})";
constexpr const char* kOffer =
    R"({"type":"offer","claim":{"jobId":"job-1","gameId":"g","assetName":"a","model":"m","vramGbEstimate":1.5,)"
    R"("task":{"kind":"llm","messages":[]},"modelSource":{"engine":"synthetic","files":[],)"
    R"("cliDefaults":{"cfgScale":1.0,"steps":0,"width":0,"height":0}}}})";

class StudioLink : public testing::Test {
 protected:
  ~StudioLink() override {
    link_.stop();
    clock_.pass(10s);
    tasks_.cancel_all();
    clock_.settle();
  }

  void start() {
    studio::Credentials credentials;
    credentials.worker = base::WorkerId("w-1");
    credentials.token = base::Secret("tok");
    tasks_.spawn("link", run(*this, std::move(credentials)));
    clock_.settle();
  }
  void connect() {
    start();
    studio().say(kWelcome);
    clock_.settle();
  }
  static boost::asio::awaitable<void> run(StudioLink& self, studio::Credentials credentials) {
    self.end_ = co_await self.link_.run(std::move(credentials));
  }
  static boost::asio::awaitable<void> take_offer(StudioLink& self) { self.offer_ = co_await self.link_.next_offer(); }
  static boost::asio::awaitable<void> wait_ack(StudioLink& self, base::JobId job, studio::SessionNumber session) {
    self.acked_ = co_await self.link_.acknowledged(std::move(job), session);
  }

  fakes::LinkRecord& studio() { return connector_.last(); }

  boost::asio::io_context io_;
  fakes::VirtualClock clock_{io_};
  fakes::SeededRandom random_{1};
  fakes::FakeConnector connector_;
  std::optional<LinkEnd> end_;
  std::optional<studio::OfferedJob> offer_;
  std::optional<base::Status> acked_;
  studio::StudioLink link_{{}, *studio::Urls::parse("http://s.example"), connector_, clock_, random_};
  base::TaskGroup tasks_{io_.get_executor()};
};

TEST_F(StudioLink, OpensTheSessionWithTheContractsUrlAndHeader) {
  connect();
  EXPECT_EQ(studio().target.url, "ws://s.example/graphics/api/workers/w-1/connect");
  EXPECT_EQ(studio().target.bearer.reveal(), "tok");
  EXPECT_EQ(studio().target.subprotocol, "studio-worker-v1");
  EXPECT_THAT(studio().sent.front(), HasSubstr(R"("type":"hello")"));
  EXPECT_EQ(link_.status().state, studio::LinkState::kConnected);
  EXPECT_EQ(link_.session(), 1U);
}

TEST_F(StudioLink, NothingButHelloBeforeTheWelcome) {
  start();
  clock_.pass(10s);
  EXPECT_EQ(studio().sent.size(), 1U);
  studio().say(kWelcome);
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"("type":"heartbeat")"));
}

TEST_F(StudioLink, ShipsLogLinesWithinASecond) {
  connect();
  clock_.pass(2s);
  studio().sent.clear();
  link_.note(base::log::Level::kWarn, "something odd", base::JobId("job-7"));
  clock_.pass(1s);
  EXPECT_TRUE(studio().has_sent("something odd"));
  EXPECT_TRUE(studio().has_sent("job-7"));
}

TEST_F(StudioLink, LinesWrittenWithoutASessionAreShippedOnTheNext) {
  link_.note(base::log::Level::kInfo, "before the session");
  connect();
  clock_.pass(1s);
  EXPECT_TRUE(studio().has_sent("before the session"));
}

TEST_F(StudioLink, OffersArePulledWithTheirSession) {
  connect();
  int woken = 0;
  link_.on_offer_frame([&] { ++woken; });
  tasks_.spawn("offer", take_offer(*this));
  studio().say(kOffer);
  clock_.settle();
  ASSERT_TRUE(offer_);
  EXPECT_EQ(offer_->offer.id.str(), "job-1");
  EXPECT_EQ(offer_->session, 1U);
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(link_.accept(offer_->offer.id, 1));
  EXPECT_TRUE(studio().has_sent(R"({"type":"accept","jobId":"job-1"})"));
}

TEST_F(StudioLink, AVerdictForAnEndedSessionIsNotSent) {
  connect();
  studio().close(1001, "going away");
  clock_.pass(5s);
  studio().say(kWelcome);
  clock_.settle();
  EXPECT_EQ(link_.session(), 2U);
  EXPECT_EQ(link_.accept(base::JobId("job-1"), 1).error().code, base::Code::kUnavailable);
  EXPECT_FALSE(studio().has_sent("accept"));
}

TEST_F(StudioLink, AnAcknowledgementSettlesTheWait) {
  connect();
  ASSERT_TRUE(link_.complete_json(base::JobId("job-1"), 1, "{}", "p"));
  tasks_.spawn("ack", wait_ack(*this, base::JobId("job-1"), 1));
  clock_.settle();
  EXPECT_FALSE(acked_);
  studio().say(R"({"type":"completeAck","jobId":"job-1"})");
  clock_.settle();
  ASSERT_TRUE(acked_);
  EXPECT_TRUE(*acked_);
}

TEST_F(StudioLink, TheEndOfTheSessionEndsTheWait) {
  connect();
  tasks_.spawn("ack", wait_ack(*this, base::JobId("job-1"), 1));
  studio().close(0, "connection reset by peer");
  clock_.settle();
  ASSERT_TRUE(acked_);
  EXPECT_EQ(acked_->error().code, base::Code::kUnavailable);
}

TEST_F(StudioLink, ReconnectsAfterADropAndSaysSo) {
  connect();
  studio().close(0, "connection reset by peer");
  clock_.settle();
  EXPECT_EQ(link_.session(), 0U);
  EXPECT_EQ(link_.status().state, studio::LinkState::kReconnecting);
  clock_.pass(1s);
  EXPECT_EQ(connector_.attempts, 2);
}

TEST_F(StudioLink, N8_ASilentStudioIsLeftAfterTwentySeconds) {
  connect();
  clock_.pass(19s);
  EXPECT_FALSE(studio().closed);
  auto first = connector_.links.back();
  clock_.pass(2s);
  ASSERT_TRUE(first->closed);
  EXPECT_EQ(first->closed->first, 1000);
  EXPECT_EQ(first->closed->second, "session ended");
  EXPECT_EQ(first->close_limit, 0s);
}

TEST_F(StudioLink, PingsEveryFifteenSeconds) {
  connect();
  for (int i = 0; i < 12; ++i) {
    clock_.pass(5s);
    studio().say(R"({"type":"heartbeatAck"})");
  }
  clock_.settle();
  EXPECT_GE(studio().pings, 3);
  EXPECT_EQ(connector_.attempts, 1);
}

TEST_F(StudioLink, N6_A401EndsIt) {
  connector_.failures.push_back({base::Error{base::Code::kUnauthorized, "401 on websocket upgrade"}, 401, {}});
  start();
  EXPECT_EQ(end_, LinkEnd::kAuthFailed);
}

TEST_F(StudioLink, N6_A404WithAWebPageIsNoWordOfTheStudio) {
  connector_.failures.push_back({base::Error{base::Code::kNotFound, "HTTP 404: a web page"}, 404, {}, true});
  start();
  clock_.pass(1min);
  EXPECT_FALSE(end_) << "the identity must outlive a proxy's answer";
  EXPECT_GE(connector_.attempts, 2);
}

TEST_F(StudioLink, N6_A404MeansThatTheRegistrationIsGone) {
  connector_.failures.push_back({base::Error{base::Code::kNotFound, "HTTP 404"}, 404, {}});
  start();
  EXPECT_EQ(end_, LinkEnd::kRevoked);
}

TEST_F(StudioLink, N6_RetryAfterOfTheUpgradeIsAFloor) {
  connector_.failures.push_back({base::Error{base::Code::kUnavailable, "HTTP 503"}, 503, 40s});
  start();
  clock_.pass(39s);
  EXPECT_EQ(connector_.attempts, 1);
  clock_.pass(1s);
  EXPECT_EQ(connector_.attempts, 2);
}

TEST_F(StudioLink, N17_AnotherWorkerWithTheIdentityIsNotFoughtWith) {
  connect();
  studio().close(4003, "duplicate");
  clock_.pass(239s);
  EXPECT_EQ(connector_.attempts, 1);
  clock_.pass(2s);
  EXPECT_EQ(connector_.attempts, 2);
  studio().say(kWelcome);
  clock_.settle();
  studio().close(4003, "duplicate");
  clock_.settle();
  EXPECT_EQ(end_, LinkEnd::kDuplicate);
}

TEST_F(StudioLink, StopClosesTheSessionAtOnce) {
  connect();
  link_.stop();
  clock_.settle();
  EXPECT_EQ(end_, LinkEnd::kStopped);
  ASSERT_TRUE(studio().closed);
  EXPECT_EQ(studio().closed->first, 1000);
  EXPECT_EQ(studio().close_limit, 5s);
}

TEST_F(StudioLink, StopEndsAPauseBetweenTriesToo) {
  connector_.failures.push_back({base::Error{base::Code::kUnavailable, "HTTP 503"}, 503, 3600s});
  start();
  link_.stop();
  clock_.settle();
  EXPECT_EQ(end_, LinkEnd::kStopped);
}

TEST_F(StudioLink, UnreadableFramesAreCountedAndTheLinkStays) {
  connect();
  studio().say("{\"type\":");
  studio().say(R"({"type":"surprise"})");
  clock_.settle();
  EXPECT_EQ(link_.status().counters.bad_frames, 1U);
  EXPECT_EQ(link_.status().counters.unknown_frames, 1U);
  EXPECT_EQ(link_.session(), 1U);
}

}  // namespace
