#include <gmock/gmock.h>

#include "desk_driver.h"

namespace desk {
namespace {

using fakes::Desk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(StudioOffer, OneJobAtATime) {
  Desk desk(R"({"jobs":[{"kind":"llm","count":2,"prompt":"p"}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.beat(session, "job-1");
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1"));
  desk.say(session, fakes::complete("job-1", fakes::chat(), "p #0"));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-2"));
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioOffer, EntriesTakeTurnsOrFollowEachOther) {
  const std::string jobs = R"("jobs":[{"kind":"image","count":2,"game":"a"},{"kind":"llm","count":1,"game":"b"}]})";
  const auto games = [&](const std::string& order) {
    Desk desk(R"({"studio":{"order":")" + order + "\"}," + jobs);
    std::string all;
    for (const Job& job : desk->book().all()) all += job.entry->game;
    return all;
  };
  EXPECT_EQ(games("round-robin"), "aba");
  EXPECT_EQ(games("sequence"), "aab");
}

TEST(StudioOffer, MatchesKindEngineAndMemory) {
  Desk desk(R"({"jobs":[{"kind":"image","engine":"sd-cpp"},{"kind":"image","vram_gb":12.5},{"kind":"mesh"}]})");
  json::object capabilities = fakes::capabilities();
  const SessionId session = desk.welcome();
  desk.say(session, fakes::heartbeat_with(capabilities));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-3"));
  capabilities["vramThresholdGb"] = 12.5;
  desk.say(session, fakes::accept("job-3"));
  desk.say(session, fakes::fail("job-3", false));
  desk.say(session, fakes::heartbeat_with(capabilities));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-3", "job-2"));
}

TEST(StudioOffer, APausedOrUsedWorkerGetsNothing) {
  Desk desk(R"({"jobs":[{"kind":"image"}]})");
  json::object capabilities = fakes::capabilities();
  capabilities["autoEnabled"] = false;
  const SessionId session = desk.welcome();
  desk.say(session, fakes::heartbeat_with(capabilities));
  capabilities["autoEnabled"] = true;
  capabilities["onlyWhenIdle"] = true;
  capabilities["userPresence"] = "active";
  desk.say(session, fakes::heartbeat_with(capabilities));
  EXPECT_THAT(desk.offers(session), IsEmpty());
  capabilities["userPresence"] = "idle";
  desk.say(session, fakes::heartbeat_with(capabilities));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1"));
}

TEST(StudioOffer, ABusyRejectWaitsForTheNextIdleHeartbeat) {
  Desk desk(R"({"jobs":[{"kind":"image","count":2}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", "busy"));
  desk.beat(session, "job-0");
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1"));
  desk.beat(session);
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-1"));
  EXPECT_EQ(desk.job("job-1").attempts, 0U);
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioOffer, ABusyRejectCanBeRepeatedAfterAPause) {
  Desk desk(R"({"studio":{"reoffer_busy_ms":40},"jobs":[{"kind":"image"}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", "busy"));
  EXPECT_EQ(desk->next_wake(), desk.now + std::chrono::milliseconds(40));
  desk.pass(std::chrono::milliseconds(40));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-1"));
}

TEST(StudioOffer, OtherJobsMayPassASoftDeclineWhenTheScenarioSaysSo) {
  Desk desk(R"({"studio":{"offer_others_after_soft_decline":true},"jobs":[{"kind":"image","count":2}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", "paused"));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-2"));
  desk.say(session, fakes::reject("job-2", "paused"));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-2"));
}

TEST(StudioOffer, TooManySoftDeclinesSettleTheJob) {
  Desk desk(R"({"studio":{"max_soft_declines":2},"jobs":[{"kind":"image","expect":"declined"}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", "paused"));
  desk.beat(session);
  desk.say(session, fakes::reject("job-1", "insufficient_memory", "too big"));
  EXPECT_EQ(desk.outcome("job-1"), "declined");
  EXPECT_EQ(desk.job("job-1").code, "insufficient_memory");
  EXPECT_EQ(desk->run_state(), RunState::kFinished);
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioOffer, ADeclineWithoutCodeIsForGoodAndTheNextJobFollows) {
  Desk desk(R"({"jobs":[{"kind":"image","count":2}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", "", "not this game"));
  EXPECT_EQ(desk.outcome("job-1"), "declined");
  EXPECT_EQ(desk.job("job-1").reason, "not this game");
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-2"));
}

TEST(StudioOffer, AnUnknownRejectCodeIsAViolation) {
  Desk desk(R"({"jobs":[{"kind":"image","expect":"any"}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", "tired"));
  EXPECT_THAT(desk.rules(), ElementsAre("reject-code"));
}

TEST(StudioOffer, AnswersToUnknownJobsAreViolations) {
  Desk desk(R"({"jobs":[{"kind":"llm","count":5}]})");
  for (const std::string& text :
       {fakes::accept("job-9"), fakes::fail("job-9", true), fakes::complete("job-9", "{}", ""),
        fakes::fail("job-1", true), fakes::complete("job-1", "{}", "")}) {
    const SessionId session = desk.arrive();
    desk.say(session, text);
    EXPECT_EQ(desk.closed[session], 4002) << text;
    EXPECT_THAT(desk.last(session), HasSubstr("unknown jobId")) << text;
  }
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-9", "busy"));
  EXPECT_FALSE(desk.closed.contains(session));
  EXPECT_THAT(desk.rules(), SizeIs(6));
}

TEST(StudioOffer, AnAcceptFromAnEarlierSessionDoesNotCount) {
  Desk desk(R"({"jobs":[{"kind":"llm"}]})");
  const SessionId first = desk.arrive();
  desk.say(first, fakes::accept("job-1"));
  desk.lose(first);
  const SessionId second = desk.arrive();
  ASSERT_THAT(desk.offers(second), ElementsAre("job-1"));
  desk.say(second, fakes::complete("job-1", fakes::chat(), "a brass lantern"));
  EXPECT_THAT(desk.rules(), ElementsAre("unknown-job"));
}

TEST(StudioOffer, ALostSessionGivesTheJobBackUntilTheAttemptsAreUsedUp) {
  Desk desk(R"({"studio":{"max_attempts":2},"jobs":[{"kind":"image","expect":"failed"}]})");
  for (int i = 0; i < 2; ++i) {
    const SessionId session = desk.arrive();
    desk.say(session, fakes::accept("job-1"));
    desk.lose(session);
  }
  EXPECT_EQ(desk.outcome("job-1"), "failed");
  EXPECT_EQ(desk.job("job-1").attempts, 2U);
}

TEST(StudioOffer, ARetryableFailureIsOfferedAgainAFinalOneIsNot) {
  Desk desk(R"({"jobs":[{"kind":"image","count":2,"expect":"failed"}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, fakes::fail("job-1", true));
  EXPECT_EQ(desk.job("job-1").state, JobState::kQueued);
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-2"));
  desk.say(session, fakes::accept("job-2"));
  desk.say(session, fakes::fail("job-2", false));
  EXPECT_EQ(desk.outcome("job-2"), "failed");
  EXPECT_EQ(desk.job("job-2").reason, "the tide went out");
}

TEST(StudioOffer, AJobNobodyCanServeSettlesAsUnserved) {
  Desk desk(R"({"jobs":[{"kind":"image","engine":"torch","expect":"unserved"}]})");
  const SessionId session = desk.arrive();
  desk.beat(session);
  EXPECT_EQ(desk.outcome("job-1"), "unfinished");
  desk.beat(session);
  EXPECT_EQ(desk.outcome("job-1"), "unserved");
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioOffer, AnOfferThatIsNeverAnsweredIsAViolation) {
  Desk desk(R"({"jobs":[{"kind":"image","expect":"unanswered"}]})");
  const SessionId session = desk.arrive();
  for (int i = 0; i < 3; ++i) desk.beat(session);
  EXPECT_EQ(desk.outcome("job-1"), "unanswered");
  EXPECT_THAT(desk.rules(), ElementsAre("offer-unanswered"));
}

TEST(StudioOffer, ARawClaimNeedNotBeAnswered) {
  Desk desk(R"({"jobs":[{"kind":"image","raw_claim":"{\"jobId\":7}","expect":"unanswered"}]})");
  const SessionId session = desk.arrive();
  EXPECT_THAT(desk.last(session), HasSubstr(R"("claim":{"jobId":7})"));
  for (int i = 0; i < 3; ++i) desk.beat(session);
  EXPECT_EQ(desk.outcome("job-1"), "unanswered");
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioOffer, AnOutcomeThatWasNotExpectedIsAViolation) {
  Desk desk(R"({"jobs":[{"kind":"image","expect":"done"}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", ""));
  EXPECT_THAT(desk.rules(), ElementsAre("expectation"));
  EXPECT_EQ(exit_code(*desk), 1);
}

TEST(StudioOffer, PacedOffersKeepToTheirGrid) {
  Desk desk(
      R"({"studio":{"pace_per_second":10},"jobs":[{"kind":"llm","count":3,"unique_prompts":false,"prompt":"p"}]})");
  const SessionId session = desk.arrive();
  const base::SteadyTime start = desk.now;
  const auto finish = [&](const std::string& job) {
    desk.say(session, fakes::accept(job));
    desk.say(session, fakes::complete(job, fakes::chat(), "p"));
  };
  finish("job-1");
  EXPECT_THAT(desk.offers(session), SizeIs(1));
  EXPECT_EQ(desk->next_wake(), start + std::chrono::milliseconds(100));
  desk.pass(std::chrono::milliseconds(130));
  EXPECT_THAT(desk.offers(session), SizeIs(2));
  finish("job-2");
  EXPECT_EQ(desk->next_wake(), start + std::chrono::milliseconds(200));
}

TEST(StudioOffer, JobsOfTheControlRouteAreOfferedAtOnce) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  const auto entries = scenario::read_entries(json::parse(R"([{"kind":"image"}])").as_array(), "jobs");
  EXPECT_THAT(desk->add_jobs(*entries, desk.now), ElementsAre("job-1"));
  desk.collect();
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1"));
}

TEST(StudioOffer, StayingEndsOnlyWhenAsked) {
  Desk desk(R"({"jobs":[{"kind":"image"}]})", {.stay = true});
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", ""));
  EXPECT_EQ(desk->run_state(), RunState::kRunning);
  desk->finish_when_settled(desk.now);
  EXPECT_EQ(desk->run_state(), RunState::kFinished);
}

TEST(StudioOffer, TheTimeLimitEndsTheRun) {
  Desk desk(R"({"jobs":[{"kind":"image"}]})", {.seconds = 2});
  desk.pass(std::chrono::milliseconds(1999));
  EXPECT_EQ(desk->run_state(), RunState::kRunning);
  EXPECT_EQ(desk->next_wake(), desk.now + std::chrono::milliseconds(1));
  desk.pass(std::chrono::milliseconds(1));
  EXPECT_EQ(desk->run_state(), RunState::kOutOfTime);
  EXPECT_EQ(exit_code(*desk), 3);
}

TEST(StudioOffer, TheRunLingersForLateFrames) {
  Desk desk(R"({"studio":{"linger_ms":250},"jobs":[{"kind":"image"}]})");
  const SessionId session = desk.arrive();
  desk.say(session, fakes::reject("job-1", ""));
  EXPECT_EQ(desk->run_state(), RunState::kRunning);
  desk.pass(std::chrono::milliseconds(250));
  EXPECT_EQ(desk->run_state(), RunState::kFinished);
}

}  // namespace
}  // namespace desk
