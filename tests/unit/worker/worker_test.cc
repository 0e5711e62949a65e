#include "worker/worker.h"

#include <gmock/gmock.h>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "base/files.h"
#include "fakes/fake_http.h"
#include "fakes/fake_link.h"
#include "fakes/fake_parts.h"
#include "fakes/virtual_clock.h"

namespace {

using namespace std::chrono_literals;
using studio::LinkEnd;

std::string offer_of(const std::string& job, const std::string& kind = "llm", const std::string& engine = "synthetic") {
  const std::string task = kind == "llm" ? R"({"kind":"llm","messages":[{"role":"user","content":"hello"}]})"
                                         : R"({"kind":"image","prompt":"a lantern"})";
  return R"({"type":"offer","claim":{"jobId":")" + job +
         R"(","gameId":"g","assetName":"a","model":"m","vramGbEstimate":1.5,"task":)" + task +
         R"(,"modelSource":{"engine":")" + engine +
         R"(","files":[],"cliDefaults":{"cfgScale":1.0,"steps":0,"width":0,"height":0}}}})";
}

/// The whole worker on a virtual clock; only its outside is made of stand-ins. The journal is real.
class Worker : public testing::Test {
 protected:
  ~Worker() override {
    if (worker_) worker_->shut_down_now();
    clock_.pass(20s);
    tasks_.cancel_all();
    clock_.settle();
  }

  void start(worker::WorkerOptions options = {}) {
    start_unconnected(std::move(options));
    welcome();
  }
  void start_unconnected(worker::WorkerOptions options = {}) {
    if (!journal_) journal_ = std::move(*history::Journal::open({.folder = folder_.path()}, io_.get_executor()));
    worker::Outside outside{io_.get_executor(), io_.get_executor(), clock_, random_, connector_, http_,
                            *journal_,          engines_,           policy_};
    worker_.emplace(std::move(options), *studio::Urls::parse("http://s.example"), outside);
    studio::Credentials credentials;
    credentials.worker = base::WorkerId("w-1");
    credentials.token = base::Secret("tok");
    tasks_.spawn("worker", run(*this, std::move(credentials)));
    clock_.settle();
  }
  static boost::asio::awaitable<void> run(Worker& self, studio::Credentials credentials) {
    self.end_ = co_await self.worker_->run(std::move(credentials));
  }

  fakes::LinkRecord& studio() { return connector_.last(); }
  void welcome() { say(R"({"type":"welcome","workerId":"w-1","serverTime":"now"})"); }
  void say(const std::string& frame) {
    studio().say(frame);
    clock_.settle();
  }
  /// The session drops and comes back.
  void reconnect() {
    const auto before = connector_.links.size();
    studio().close(0, "connection reset by peer");
    while (connector_.links.size() == before) clock_.pass(1s);
    welcome();
  }
  boost::json::object status() { return boost::json::parse(worker_->status()).as_object(); }
  std::int64_t counter(const char* name) { return status().at("counters").at(name).to_number<std::int64_t>(); }

  base::TempDir folder_ = std::move(*base::TempDir::create("worker-test"));
  boost::asio::io_context io_{1};
  fakes::VirtualClock clock_{io_};
  fakes::SeededRandom random_{1};
  fakes::FakeConnector connector_;
  fakes::FakeHttp http_;
  fakes::FakeEngines engines_;
  fakes::FakePolicy policy_;
  std::unique_ptr<history::Journal> journal_;
  std::optional<LinkEnd> end_;
  std::optional<worker::Worker> worker_;
  base::TaskGroup tasks_{io_.get_executor()};
};

TEST_F(Worker, RunsAJsonJobFromOfferToAcknowledgement) {
  start();
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"({"type":"accept","jobId":"job-1"})"));
  EXPECT_TRUE(studio().has_sent(R"("currentJobId":"job-1")"));
  ASSERT_EQ(engines_.runs.size(), 1U);
  EXPECT_EQ(engines_.runs[0].task, R"({"kind":"llm","messages":[{"role":"user","content":"hello"}]})");
  engines_.finish_json("job-1");
  clock_.settle();
  EXPECT_TRUE(studio().has_sent(R"("result":{"answer":1},"prompt":"hello")"));
  EXPECT_EQ(counter("delivered"), 0);
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(counter("delivered"), 1);
  EXPECT_FALSE(worker_->link().capabilities().models.empty());
  EXPECT_EQ(journal_->find(base::JobId("job-1"))->outcome, job::Outcome::kDelivered);
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

TEST_F(Worker, AConflictKeepsTheResultUntilTheJobIsOfferedAgain) {
  start();
  say(offer_of("job-1", "image"));
  http_.answer(409, "conflict");
  engines_.finish_file("job-1");
  for (int i = 0; i < 6; ++i) {
    clock_.pass(10s);
    say(R"({"type":"heartbeatAck"})");
  }
  EXPECT_EQ(http_.uploads.size(), 1U);
  EXPECT_FALSE(studio().has_sent(R"("type":"fail")"));
  http_.answer(200);
  say(offer_of("job-1", "image"));
  EXPECT_EQ(http_.uploads.size(), 2U);
  EXPECT_EQ(engines_.runs.size(), 1U);
  EXPECT_EQ(counter("delivered"), 1);
}

TEST_F(Worker, AResultWhoseClaimIsLostLeavesTheWorkerIdleAtOnce) {
  start();
  say(offer_of("job-1", "image"));
  // The studio, which offers nothing to a worker that was busy, must hear that it is idle again.
  reconnect();
  EXPECT_TRUE(studio().has_sent(R"("currentJobId":"job-1")"));
  say(offer_of("job-2"));
  EXPECT_TRUE(studio().has_sent(R"("code":"busy")"));
  http_.answer(409, "conflict");
  engines_.finish_file("job-1");
  clock_.settle();
  EXPECT_THAT(studio().sent.back(), testing::AllOf(testing::HasSubstr(R"("type":"heartbeat")"),
                                                   testing::Not(testing::HasSubstr("currentJobId"))));
}

TEST_F(Worker, ADrainDoesNotWaitForAResultWhoseClaimIsLost) {
  start({.drain_timeout = 600s});
  say(offer_of("job-1", "image"));
  worker_->shut_down("SIGTERM");
  http_.answer(503);
  engines_.finish_file("job-1");
  clock_.settle();
  EXPECT_FALSE(end_);
  http_.answer(409, "conflict");
  clock_.pass(1s);
  EXPECT_EQ(end_, LinkEnd::kStopped);
}

TEST_F(Worker, AResultFromBeforeARestartIsDeliveredWithoutASecondRun) {
  start();
  say(offer_of("job-1"));
  engines_.finish_json("job-1");
  clock_.settle();
  worker_->shut_down_now();
  clock_.pass(20s);
  worker_.reset();
  journal_.reset();
  start();
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent("completeJson"));
  say(R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_EQ(engines_.runs.size(), 1U);
  EXPECT_EQ(journal_->find(base::JobId("job-1"))->outcome, job::Outcome::kDelivered);
}

TEST_F(Worker, AResultThatNobodyAsksForIsGivenUpAfterSevenDays) {
  start();
  say(offer_of("job-1"));
  engines_.finish_json("job-1");
  clock_.settle();
  const auto restart_after = [&](base::Duration time) {
    worker_->shut_down_now();
    clock_.pass(time);
    worker_.reset();
    journal_.reset();
    start();
  };
  restart_after(24h * 7 - 1min);
  EXPECT_EQ(journal_->undelivered().size(), 1U);
  clock_.pass(2min);
  EXPECT_TRUE(journal_->undelivered().empty());
  EXPECT_EQ(journal_->find(base::JobId("job-1"))->outcome, job::Outcome::kFailed);
}

TEST_F(Worker, AStudioThatAsksForADeliveredJobLaterGetsItAgain) {
  start();
  for (const char* when : {"first", "later"}) {
    SCOPED_TRACE(when);
    say(offer_of("job-1"));
    engines_.finish_json("job-1");
    clock_.settle();
    say(R"({"type":"completeAck","jobId":"job-1"})");
    say(offer_of("job-1"));
    EXPECT_TRUE(studio().has_sent(R"("reason":"this worker delivered this job a moment ago","code":"paused")"));
    for (int i = 0; i < 4; ++i) {
      clock_.pass(10s);
      say(R"({"type":"heartbeatAck"})");
    }
  }
  EXPECT_EQ(counter("delivered"), 2);
}

TEST_F(Worker, AStoredResultWhoseBytesAreNotThoseOfItsRecordIsNotDelivered) {
  start();
  say(offer_of("job-1"));
  engines_.finish_json("job-1");
  clock_.settle();
  const auto result = journal_->undelivered().at(0);
  worker_->shut_down_now();
  clock_.pass(20s);
  worker_.reset();
  journal_.reset();
  std::filesystem::resize_file(result.folder / result.file, 3);
  start();
  EXPECT_TRUE(journal_->undelivered().empty());
  say(offer_of("job-1"));
  EXPECT_EQ(engines_.runs.size(), 2U);
}

TEST_F(Worker, ASecondSignalDoesNotWaitForAnUploadFromBeforeTheRestart) {
  start();
  say(offer_of("job-1", "image"));
  http_.answer(409, "conflict");
  engines_.finish_file("job-1");
  clock_.settle();
  worker_->shut_down_now();
  clock_.pass(20s);
  worker_.reset();
  journal_.reset();
  http_.answer(503);
  start_unconnected();
  worker_->shut_down_now();
  clock_.settle();
  EXPECT_EQ(end_, LinkEnd::kStopped);
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
  EXPECT_TRUE(studio().has_sent(R"("jobId":"job-2","reason":"worker ends after 1 jobs","code":"paused")"));
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
