#include <gmock/gmock.h>

#include "desk_driver.h"

namespace desk {
namespace {

using fakes::Desk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kOneImage = R"({"jobs":[{"kind":"image","prompt":"p"}]})";

TEST(StudioSession, WelcomesAndAcknowledgesHeartbeats) {
  Desk desk(R"({})");
  const SessionId session = desk.welcome();
  EXPECT_THAT(desk.last(session), HasSubstr(R"("type":"welcome","workerId":"w-1")"));
  desk.say(session, fakes::heartbeat());
  EXPECT_EQ(desk.last(session), R"({"type":"heartbeatAck"})");
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioSession, AWrongTokenGetsAuthFailedAnd4001) {
  Desk desk(R"({})");
  const SessionId session = desk.welcome("w-1", "ebb");
  EXPECT_THAT(desk.last(session), HasSubstr("auth_failed"));
  EXPECT_EQ(desk.closed[session], 4001);
}

TEST(StudioSession, AFrameBeforeHelloIsAViolation) {
  Desk desk(kOneImage);
  const SessionId session = desk->connect("w-1", desk.now);
  desk.say(session, fakes::heartbeat());
  EXPECT_THAT(desk.rules(), ElementsAre("before-hello"));
  EXPECT_THAT(desk.last(session), HasSubstr("session not authenticated"));
  EXPECT_EQ(desk.closed[session], 4002);
}

TEST(StudioSession, NothingIsOfferedBeforeTheFirstHeartbeat) {
  Desk desk(kOneImage);
  const SessionId session = desk.welcome();
  EXPECT_THAT(desk.offers(session), IsEmpty());
  desk.say(session, fakes::heartbeat());
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1"));
}

TEST(StudioSession, ASecondHelloIsAViolation) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::hello("tide"));
  EXPECT_THAT(desk.rules(), ElementsAre("second-hello"));
}

TEST(StudioSession, ANewerConnectionReplacesTheOlder) {
  Desk desk(R"({})");
  const SessionId first = desk.arrive();
  const SessionId second = desk.arrive();
  EXPECT_THAT(desk.last(first), HasSubstr("duplicate_worker"));
  EXPECT_EQ(desk.closed[first], 4003);
  EXPECT_FALSE(desk.closed.contains(second));
}

TEST(StudioSession, ABareCloseHasNoErrorFrame) {
  Desk desk(R"({"faults":{"bare_close":true}})");
  const SessionId first = desk.arrive();
  desk.arrive();
  EXPECT_THAT(desk.last(first), HasSubstr("heartbeatAck"));
  EXPECT_EQ(desk.closed[first], 4003);
}

TEST(StudioSession, ALateHeartbeatIsAViolation) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  desk.beat(session);
  EXPECT_THAT(desk.rules(), IsEmpty());
  desk.pass(std::chrono::milliseconds(7600));
  desk.say(session, fakes::heartbeat());
  EXPECT_THAT(desk.rules(), ElementsAre("heartbeat-late"));
}

TEST(StudioSession, ASessionThatEndsInSilenceIsAViolation) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  desk.pass(std::chrono::seconds(8));
  desk.lose(session);
  EXPECT_THAT(desk.rules(), ElementsAre("heartbeat-late"));
}

TEST(StudioSession, TheSweepClosesStaleSessionsAndFreesTheClaim) {
  Desk desk(kOneImage);
  const SessionId session = desk.arrive();
  ASSERT_THAT(desk.offers(session), ElementsAre("job-1"));
  desk.pass(std::chrono::seconds(31));
  EXPECT_EQ(desk.closed[session], 1000);
  EXPECT_THAT(desk.rules(), ElementsAre("heartbeat-late"));
  EXPECT_EQ(desk.job("job-1").state, JobState::kQueued);
}

TEST(StudioSession, UnknownTypesAreViolationsThatKeepTheSession) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  desk.say(session, R"({"type":"tide"})");
  EXPECT_THAT(desk.rules(), ElementsAre("frame-type"));
  EXPECT_FALSE(desk.closed.contains(session));
  EXPECT_EQ(desk->record().counted("in.unknown"), 1U);
}

TEST(StudioSession, UnreadableAndBinaryFramesEndTheSession) {
  Desk desk(R"({})");
  const SessionId first = desk.arrive();
  desk.say(first, "{");
  EXPECT_EQ(desk.closed[first], 4002);
  const SessionId second = desk.arrive();
  desk->on_binary(second, 12, desk.now);
  desk.collect();
  EXPECT_EQ(desk.closed[second], 4002);
  EXPECT_THAT(desk.rules(), ElementsAre("frame-json", "binary-frame"));
}

TEST(StudioSession, MalformedLogEntriesAreViolationsAndGoodOnesAreKept) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  desk.say(
      session,
      R"({"type":"logBatch","entries":[{"ts":"2026-03-04T10:11:12.345Z","level":"info","category":"ws","message":"m"},7]})");
  EXPECT_THAT(desk.rules(), ElementsAre("log-entry"));
  ASSERT_EQ(desk->record().logs().size(), 1U);
  EXPECT_EQ(desk->record().logs()[0].at("worker").as_string(), "w-1");
}

TEST(StudioSession, FramesAfterACloseAreIgnored) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  desk->close_all(4003, desk.now);
  desk.collect();
  desk.say(session, "garbage");
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioSession, ADeletedWorkerIsUnknownAfterwards) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  EXPECT_TRUE(desk->delete_worker("w-1", desk.now));
  desk.collect();
  EXPECT_THAT(desk.last(session), HasSubstr("worker_deleted"));
  EXPECT_EQ(desk.closed[session], 4004);
  EXPECT_EQ(desk->registry().check("w-1", "tide"), Access::kUnknownWorker);
}

TEST(StudioSession, TheNextWakeIsNeverInThePastAfterTimeWasTold) {
  Desk desk(R"({"studio":{"pace_per_second":10,"reoffer_busy_ms":50},"jobs":[{"kind":"image","count":3}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", "busy"));
  for (int i = 0; i < 200; ++i) {
    ASSERT_GT(desk->next_wake(), desk.now);
    desk.pass(std::chrono::milliseconds(30));
    if (i % 100 == 0) desk.say(session, fakes::heartbeat("job-7"));
  }
}

}  // namespace
}  // namespace desk
