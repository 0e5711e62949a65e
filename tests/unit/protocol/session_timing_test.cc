#include <gmock/gmock.h>
#include <string>

#include "unit/protocol/session_script.h"

namespace {

using protocol_test::kAck;
using protocol_test::kOffer;
using protocol_test::kWelcome;
using protocol_test::sample_capabilities;
using protocol_test::Script;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(HeartbeatTimer, BeatsEveryFiveSecondsFromTheWelcome) {
  Script script;
  script.connect();
  script.advance(700);
  script.text(kWelcome);
  EXPECT_THAT(script.run_until(14'000), ElementsAre("5700 send heartbeat", "10700 send heartbeat"));
}

TEST(HeartbeatTimer, SkipsMissedTicksAndKeepsItsPace) {
  Script script;
  script.open();
  script.advance(17'300);
  script.text(kAck);
  EXPECT_THAT(script.tick(), ElementsAre("send heartbeat", "ping"));
  EXPECT_EQ(script.next_ms(), 20'000);
  EXPECT_THAT(script.tick(), IsEmpty());
}

TEST(HeartbeatTimer, BeatsAtOnceWhenNoJobIsLeftAndWaitsFiveSecondsFromThere) {
  Script script;
  script.open();
  script.advance(3000);
  EXPECT_THAT(script.current_job(base::JobId("job-1")), IsEmpty());
  EXPECT_THAT(script.run_until(5000), ElementsAre("5000 send heartbeat job-1"));
  script.advance(1000);
  EXPECT_THAT(script.current_job(base::JobId("job-2")), IsEmpty());
  EXPECT_THAT(script.current_job(std::nullopt), ElementsAre("send heartbeat"));
  EXPECT_THAT(script.current_job(std::nullopt), IsEmpty());
  EXPECT_EQ(script.next_ms(), 11'000);
}

TEST(HeartbeatTimer, BeatsAtOnceWhenTheCapabilitiesChange) {
  Script script;
  script.open();
  script.advance(1000);
  EXPECT_THAT(script.capabilities(sample_capabilities()), IsEmpty());
  auto paused = sample_capabilities();
  paused.auto_enabled = false;
  EXPECT_THAT(script.capabilities(paused), ElementsAre("send heartbeat paused"));
  EXPECT_THAT(script.run_until(6000), ElementsAre("6000 send heartbeat paused"));
}

TEST(LogTimer, FlushesASecondAfterLogsBeganToWait) {
  Script script;
  script.open();
  script.advance(1500);
  script.logs_waiting();
  script.advance(600);
  script.logs_waiting();
  EXPECT_EQ(script.next_ms(), 2500);
  EXPECT_THAT(script.run_until(4000), ElementsAre("2500 logs"));
}

TEST(LogTimer, GoesOnWhileEntriesAreLeft) {
  Script script;
  script.open();
  script.logs_sent(true);
  EXPECT_THAT(script.run_until(1000), ElementsAre("1000 logs"));
  script.logs_sent(true);
  EXPECT_THAT(script.run_until(2000), ElementsAre("2000 logs"));
  script.logs_sent(false);
  EXPECT_THAT(script.run_until(4000), IsEmpty());
}

TEST(LogTimer, KeepsAFlushThatBecameDueWhileABatchWasSent) {
  Script script;
  script.open();
  script.logs_waiting();
  script.logs_sent(false);
  EXPECT_THAT(script.run_until(1000), ElementsAre("1000 logs"));
}

TEST(IdleRule, N8_EndsAfterTwentySecondsWithoutAFrame) {
  Script script;
  script.open();
  script.advance(2000);
  script.text(kAck);
  EXPECT_THAT(script.run_until(60'000),
              ElementsAre("5000 send heartbeat", "10000 send heartbeat", "15000 send heartbeat", "15000 ping",
                          "20000 send heartbeat", "22000 close 1000 session ended",
                          "22000 ended disconnected: no frames from server for 20s; treating connection as dead"));
}

TEST(IdleRule, IsTheWelcomeTimeoutAndThenSendsNoCloseFrame) {
  Script script;
  script.connect();
  EXPECT_THAT(script.run_until(60'000),
              ElementsAre("15000 ping",
                          "20000 ended disconnected: no frames from server for 20s; treating connection as dead"));
}

TEST(IdleRule, N8_CountsEveryApplicationFrame) {
  for (const std::string_view frame : {kAck, kOffer, std::string_view("{"), std::string_view(R"({"type":"gossip"})")}) {
    Script script;
    script.connect();
    script.advance(19'000);
    script.text(frame);
    script.advance(19'000);
    EXPECT_THAT(script.tick(), ElementsAre("ping")) << frame;
    script.advance(1000);
    EXPECT_THAT(script.tick(), ElementsAre(StartsWith("ended disconnected"))) << frame;
  }
}

TEST(NextTick, DoesNotMoveWithEachFrame) {
  Script script;
  script.open();
  const auto due = script.next_ms();
  for (int i = 0; i < 40; ++i) {
    script.advance(100);
    script.text(kAck);
    EXPECT_EQ(script.next_ms(), due);
  }
}

TEST(NextTick, WakesOnlyForHeartbeatsAndPingsWhileTheStudioAnswers) {
  Script script;
  script.open();
  int heartbeats = 0;
  for (int second = 1; second <= 60; ++second) {
    for (const std::string& line : script.run_until(second * 1000)) {
      heartbeats += line.find("heartbeat") != std::string::npos ? 1 : 0;
    }
    script.text(kAck);
  }
  EXPECT_EQ(heartbeats, 12);
  EXPECT_EQ(script.wakes(), 12);  // the pings fall on heartbeats
}

TEST(NextTick, ComesForAnIdleCheckOnlyWhereNothingElseIsDue) {
  Script script;
  script.connect();
  EXPECT_EQ(script.next_ms(), 15'000);
  EXPECT_THAT(script.run_until(15'000), ElementsAre("15000 ping"));
  EXPECT_EQ(script.next_ms(), 20'000);
}

TEST(PingTimer, PingsEveryFifteenSecondsFromTheConnection) {
  Script script;
  script.connect();
  script.advance(14'000);
  script.text(kAck);
  EXPECT_THAT(script.run_until(16'000), ElementsAre("15000 ping"));
  script.text(kAck);
  script.advance(15'500);
  EXPECT_THAT(script.tick(), ElementsAre("ping"));
  EXPECT_EQ(script.next_ms(), 36'000);
}

}  // namespace
