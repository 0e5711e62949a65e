// The life of an offer, from its verdict to the end of the worker.
#include <gmock/gmock.h>

#include "unit/worker/worker_fixture.h"

namespace worker_test {
namespace {

TEST_F(Worker, RunsAJsonJobFromOfferToAcknowledgement) {
  start();
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"({"type":"accept","jobId":"job-1"})"));
  ASSERT_EQ(engines_.runs.size(), 1U);
  clock_.pass(5s);
  EXPECT_TRUE(studio().has_sent(R"("currentJobId":"job-1")"));
  EXPECT_EQ(*engines_.runs[0].task, R"({"kind":"llm","messages":[{"role":"user","content":"hello"}]})");
  engines_.finish_json("job-1");
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"("result":{"answer":1},"prompt":"hello")"));
  EXPECT_EQ(counter("delivered"), 0);
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(counter("delivered"), 1);
  EXPECT_FALSE(worker_->link().capabilities().models.empty());
  EXPECT_EQ(journal_->find(base::JobId("job-1"))->outcome, job::Outcome::kDelivered);
}

TEST_F(Worker, AJobHasAFolderOnlyWhenFilesAreReadOrMade) {
  start();
  say(offer_of("job-1", "audio_stt"));
  EXPECT_EQ(engines_.runs.back().out_dir, "") << "this engine reads no inputs";
  engines_.finish_json("job-1");
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"("jobId":"job-1","result":{"answer":1})"));
  say(R"({"type":"completeAck","jobId":"job-1"})");
  say(offer_of("job-2", "image"));
  EXPECT_TRUE(std::filesystem::is_directory(engines_.runs.back().out_dir));
  http_.answer(200, R"({"ok":true})");
  engines_.finish_file("job-2");
  clock_.settle();
  engines_.reads_inputs({"audio"});
  say(offer_of("job-3", "audio_stt"));
  ASSERT_EQ(http_.downloads.size(), 1U);
  EXPECT_TRUE(std::filesystem::is_directory(http_.downloads[0].destination.parent_path()));
}

TEST_F(Worker, WakesThePolicyHostBeforeTheOfferIsParsed) {
  start();
  say(offer_of("job-1"));
  EXPECT_EQ(policy_.wakes, 1);
}

TEST_F(Worker, UploadsAFileAndTakesTheNextOfferMeanwhile) {
  start();
  say(offer_of("job-1", "image"));
  http_.answer(503);
  engines_.finish_file("job-1");
  clock_.settle();
  say(offer_of("job-2"));
  EXPECT_TRUE(studio().has_sent(R"({"type":"accept","jobId":"job-2"})"));
  http_.answer(200, R"({"ok":true})");
  clock_.pass(1s);
  EXPECT_EQ(counter("delivered"), 1);
}

TEST_F(Worker, AnswersTheOfferBehindAReceiptBeforeItSaysThatItIsFree) {
  start();
  say(offer_of("job-1"));
  engines_.finish_json("job-1");
  clock_.settle();
  const auto before = studio().sent.size();
  studio().say(R"({"type":"completeAck","jobId":"job-1"})");
  say(offer_of("job-2"));
  ASSERT_GT(studio().sent.size(), before);
  EXPECT_EQ(studio().sent[before], R"({"type":"accept","jobId":"job-2"})");
  EXPECT_EQ(counter("delivered"), 1);
}

TEST_F(Worker, AMemoryLimitOfThePolicyIsToldAndEndsWithItsWindow) {
  policy_.vram = {base::kGiB, "40-vram.lua:3", clock_.wall_now() + 10s};
  start();
  EXPECT_TRUE(studio().has_sent(R"("vramThresholdGb":1)"));
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"("code":"insufficient_memory")"));
  EXPECT_EQ(status().at("recent").as_array().at(0).at("rule"), "40-vram.lua:3");
  policy_.vram = {};
  clock_.pass(11s);
  say(offer_of("job-2"));
  EXPECT_TRUE(studio().has_sent(R"({"type":"accept","jobId":"job-2"})"));
  policy_.vram = {base::kGiB, "40-vram.lua:2"};
  policy_.changed({});
  say(offer_of("job-3"));
  EXPECT_TRUE(studio().has_sent(R"("jobId":"job-3","reason":"needs 1.50 GiB, this worker's bound is 1.00 GiB")"));
}

TEST_F(Worker, ThePolicyIsToldOfThePast) {
  start();
  const auto began = clock_.wall_now();
  for (const char* job : {"job-1", "job-2", "job-3"}) {
    say(offer_of(job));
    EXPECT_EQ(policy_.told.est_time, std::nullopt) << job;
    clock_.pass(2s);
    engines_.finish_json(job);
    clock_.settle();
    studio().say(R"({"type":"completeAck","jobId":")" + std::string(job) + R"("})");
    clock_.settle();
  }
  say(offer_of("job-4"));
  EXPECT_EQ(policy_.told.est_time, 2s);
  const auto start = std::chrono::floor<std::chrono::minutes>(began);
  const auto uses = policy_.told.usage->since(start, clock_.wall_now());
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].game, "g");
  EXPECT_EQ(uses[0].used, (job::Used{.jobs = 4, .gpu_time = 6s}));
}

TEST_F(Worker, ThePolicyIsToldWhichFilesOfTheModelAreHere) {
  const auto models = folder_.path() / "models";
  start({.inputs = {.models_root = models}});
  const auto offer = [](const std::string& job) {
    std::string text = offer_of(job);
    const std::string_view none = R"("files":[])";
    return text.replace(text.find(none), none.size(),
                        R"("files":[{"role":"model","url":"https://s/m","filename":"m.gguf","approxBytes":70}])");
  };
  say(offer("job-1"));
  EXPECT_EQ(policy_.told.cached, true) << "this engine reads none";
  engines_.finish_json("job-1");
  clock_.settle();
  say(R"({"type":"completeAck","jobId":"job-1"})");
  engines_.reads_files();
  say(offer("job-2"));
  EXPECT_EQ(policy_.told.cached, false);
  EXPECT_EQ(policy_.told.download, 70U);
  EXPECT_TRUE(studio().has_sent("model file m.gguf of `m` is not on this worker"));
  say(R"({"type":"failAck","jobId":"job-2"})");
  std::filesystem::create_directories(models / "m");
  ASSERT_TRUE(base::write_file(models / "m" / "m.gguf", "weights"));
  say(offer("job-3"));
  EXPECT_EQ(policy_.told.cached, true);
  EXPECT_EQ(policy_.told.download, 0U);
}

TEST_F(Worker, ADeclineCarriesReasonAndCodeAndNoPath) {
  start();
  policy_.verdict = job::Decision{.code = job::RejectCode::kPaused, .reason = "not at night", .rule = "10-night.lua:4"};
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"({"type":"reject","jobId":"job-1","reason":"not at night","code":"paused"})"));
  EXPECT_FALSE(studio().has_sent("10-night.lua"));
  EXPECT_EQ(status().at("recent").as_array().at(0).at("rule"), "10-night.lua:4");
  EXPECT_TRUE(engines_.runs.empty());
}

TEST_F(Worker, AJobDeclinedForGoodIsAnsweredPausedWhenItComesBackAtOnce) {
  start();
  policy_.verdict = job::Decision{.reason = "not this game", .rule = "20-games.lua:2"};
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"("reason":"not this game"})"));
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"("code":"paused")"));
  EXPECT_EQ(policy_.asked.size(), 1U);
}

TEST_F(Worker, AnEngineThatIsNotHereIsDeclinedBeforeThePolicyIsAsked) {
  start();
  say(offer_of("job-1", "llm", "torch"));
  EXPECT_TRUE(studio().has_sent("no `torch` engine"));
  EXPECT_TRUE(policy_.asked.empty());
}

TEST_F(Worker, ASecondJobMeetsBusyWhileTheFirstRuns) {
  start();
  say(offer_of("job-1"));
  say(offer_of("job-2"));
  EXPECT_TRUE(studio().has_sent(R"("reason":"worker already has an in-flight job","code":"busy")"));
}

TEST_F(Worker, TheSameOfferAgainIsAdopted) {
  start();
  say(offer_of("job-1"));
  say(offer_of("job-1"));
  EXPECT_EQ(engines_.runs.size(), 1U);
  EXPECT_EQ(counter("adopted"), 1);
}

TEST_F(Worker, TheSameOfferAgainMeetsBusyWhileItsResultIsOnTheWay) {
  start();
  say(offer_of("job-1"));
  engines_.finish_json("job-1");
  clock_.settle();
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"("jobId":"job-1","reason":"its result is on the way","code":"busy")"));
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(counter("delivered"), 1);
}

TEST_F(Worker, TheSameOfferAgainMeetsBusyWhileItsFailureIsOnTheWay) {
  start();
  say(offer_of("job-1"));
  engines_.finish("job-1", job::Failure{job::FailureClass::kCrashed, "signal 11"});
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"("type":"fail")"));
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"("jobId":"job-1","reason":"its result is on the way","code":"busy")"));
}

TEST_F(Worker, N8_AJobThatRunsOverAReconnectIsDeliveredOnItsNewClaim) {
  start();
  say(offer_of("job-1"));
  reconnect();
  engines_.finish_json("job-1");
  clock_.settle();
  EXPECT_FALSE(studio().has_sent("completeJson"));
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent("completeJson"));
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(engines_.runs.size(), 1U);
  EXPECT_EQ(counter("delivered"), 1);
}

TEST_F(Worker, AFailureOfAJobWhoseClaimIsLostIsNotSent) {
  start();
  say(offer_of("job-1"));
  reconnect();
  engines_.finish("job-1", job::Failure{job::FailureClass::kCrashed, "signal 11"});
  clock_.settle();
  EXPECT_FALSE(studio().has_sent(R"("type":"fail")"));
  EXPECT_EQ(counter("failed"), 1);
}

TEST_F(Worker, AFailureSaysWhetherItMayBeRetried) {
  start();
  say(offer_of("job-1"));
  engines_.finish("job-1", job::Failure{job::FailureClass::kBadRequest, "no such size"});
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"({"type":"fail","jobId":"job-1","error":"no such size","retryable":false})"));
  say(R"({"type":"failAck","jobId":"job-1"})");
  say(offer_of("job-2"));
  engines_.finish("job-2", job::Failure{job::FailureClass::kCrashed, "signal 11"});
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"("error":"signal 11","retryable":true)"));
}

TEST_F(Worker, AFailedJobKeepsNoPlaceWhileTheStudioIsSlowToConfirmIt) {
  start();
  say(offer_of("job-1"));
  engines_.finish("job-1", job::Failure{job::FailureClass::kCrashed, "signal 11"});
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"("error":"signal 11")"));
  EXPECT_EQ(counter("failed"), 0) << "it is not confirmed yet";
  say(offer_of("job-2"));
  EXPECT_EQ(engines_.runs.size(), 2U);
}

TEST_F(Worker, EndsAfterAFatalFrameWhateverTheEngineDoesInThatMoment) {
  start();
  say(offer_of("job-1"));
  engines_.finish_when_cancelled("job-1", job::Artifacts(job::JsonResult{R"({"answer":1})"}));
  say(R"({"type":"error","code":"protocol_violation","message":"no"})");
  EXPECT_EQ(end_, LinkEnd::kFatal);
  EXPECT_EQ(journal_->find(base::JobId("job-1"))->stage, history::Stage::kProduced);
}

TEST_F(Worker, APauseShowsInTheHeartbeatAtOnceAndEndsByItself) {
  start();
  worker_->pause(2h);
  EXPECT_TRUE(studio().has_sent(R"("autoEnabled":false)"));
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent("worker paused by operator"));
  for (int i = 0; i < 7200 / 10 + 1; ++i) {
    clock_.pass(10s);
    say(R"({"type":"heartbeatAck"})");
  }
  EXPECT_FALSE(status().at("paused").as_bool());
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"("type":"accept")"));
}

policy::pause::Pause held(policy::pause::Action action, bool release_vram = false) {
  return {.held = {{"artist is working", "30-pause.lua:2", "maya.bin runs", action, release_vram}}};
}

TEST_F(Worker, APauseOfThePolicyDeclinesAndLetsTheRunningJobFinish) {
  policy_.sensors.add(job::Sensor::kApps);
  sensors_.facts.apps.value = std::vector<std::string>{"maya.bin"};
  start();
  say(offer_of("job-1"));
  EXPECT_EQ(policy_.seen.apps.value, sensors_.facts.apps.value);
  policy_.pauses = held(policy::pause::Action::kFinish, true);
  clock_.pass(1s);
  EXPECT_TRUE(studio().has_sent(R"("autoEnabled":false)"));
  EXPECT_EQ(engines_.hold, engine::Hold::kRunningOnly);
  EXPECT_FALSE(status().at("claiming").as_bool());
  EXPECT_EQ(status().at("pauses").as_array().at(0).at("why"), "maya.bin runs");
  EXPECT_EQ(status().at("sensors").as_array().at(0).at("sensor"), "apps");
  say(offer_of("job-2"));
  EXPECT_TRUE(
      studio().has_sent(R"({"type":"reject","jobId":"job-2","reason":"paused: artist is working","code":"paused"})"));
  engines_.finish_json("job-1");
  clock_.settle();
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(counter("delivered"), 1);
  policy_.pauses = {};
  clock_.pass(1s);
  EXPECT_EQ(engines_.hold, engine::Hold::kWarm);
  say(offer_of("job-3"));
  EXPECT_TRUE(studio().has_sent(R"({"type":"accept","jobId":"job-3"})"));
}

TEST_F(Worker, APauseThatSuspendsFreezesTheEnginesAndKeepsTheClaim) {
  policy_.sensors.add(job::Sensor::kUser);
  start();
  say(offer_of("job-1"));
  policy_.pauses = held(policy::pause::Action::kSuspend);
  clock_.pass(1s);
  EXPECT_EQ(engines_.hold, engine::Hold::kFrozen);
  EXPECT_FALSE(studio().has_sent(R"("type":"fail")"));
  policy_.pauses = held(policy::pause::Action::kReturn);
  clock_.pass(1s);
  EXPECT_EQ(engines_.hold, engine::Hold::kRunningOnly);
  EXPECT_TRUE(studio().has_sent(R"("error":"paused: artist is working","retryable":true)"));
  say(R"({"type":"failAck","jobId":"job-1"})");
  EXPECT_EQ(counter("handed_back"), 1);
}

TEST_F(Worker, WithoutPauseRulesNoSensorIsReadUntilAPolicyWantsOne) {
  start();
  clock_.pass(10s);
  EXPECT_TRUE(sensors_.asked.empty());
  policy_.sensors.add(job::Sensor::kPower);
  policy_.changed({});
  clock_.settle();
  EXPECT_EQ(sensors_.asked, std::vector<job::SensorSet>{policy_.sensors});
  clock_.pass(3s);
  EXPECT_EQ(sensors_.asked.size(), 4U);
}

TEST_F(Worker, APauseWithAWindowIsAskedAgainAtItsEdge) {
  policy_.pauses = held(policy::pause::Action::kFinish);
  policy_.pauses.until = clock_.wall_now() + 15s;
  start();
  EXPECT_TRUE(studio().has_sent(R"("autoEnabled":false)"));
  policy_.pauses = {};
  clock_.pass(14s);
  EXPECT_FALSE(status().at("claiming").as_bool());
  clock_.pass(1s);
  EXPECT_TRUE(status().at("claiming").as_bool());
}

TEST_F(Worker, ADrainFinishesTheRunningJobAndEnds) {
  start();
  say(offer_of("job-1"));
  worker_->drain();
  clock_.settle();
  EXPECT_FALSE(end_);
  engines_.finish_json("job-1");
  clock_.settle();
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(end_, LinkEnd::kStopped);
  EXPECT_EQ(studio().closed->first, 1000);
}

TEST_F(Worker, AfterTheDrainLimitTheJobIsHandedBack) {
  start({.drain_timeout = 3s});
  say(offer_of("job-1"));
  worker_->shut_down("SIGTERM");
  clock_.pass(4s);
  EXPECT_TRUE(studio().has_sent(R"("error":"the worker is shutting down","retryable":true)"));
  say(R"({"type":"failAck","jobId":"job-1"})");
  EXPECT_EQ(end_, LinkEnd::kStopped);
  EXPECT_EQ(counter("handed_back"), 1);
}

TEST_F(Worker, EndsAfterTheNumberOfJobsItWasTold) {
  start({.stop_after_jobs = 1});
  say(offer_of("job-1"));
  say(offer_of("job-2"));
  EXPECT_TRUE(studio().has_sent(R"("jobId":"job-2","reason":"worker ends after 1 job","code":"paused")"));
  engines_.finish_json("job-1");
  clock_.settle();
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(end_, LinkEnd::kStopped);
}

TEST_F(Worker, EndsWhenItHadNoJobForLongEnough) {
  start({.idle_exit = 10s});
  clock_.pass(5s);
  say(offer_of("job-1"));
  clock_.pass(8s);
  EXPECT_FALSE(end_);
  engines_.finish_json("job-1");
  clock_.settle();
  say(R"({"type":"completeAck","jobId":"job-1"})");
  clock_.pass(9s);
  EXPECT_FALSE(end_);
  clock_.pass(2s);
  EXPECT_EQ(end_, LinkEnd::kStopped);
}

}  // namespace
}  // namespace worker_test
