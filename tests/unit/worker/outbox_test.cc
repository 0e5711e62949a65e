// Results on their way to the studio: lost claims, failing uploads, restarts.
#include <gmock/gmock.h>

#include "unit/worker/worker_fixture.h"

namespace worker_test {
namespace {

TEST_F(Worker, U3_AConflictKeepsTheResultUntilTheJobIsOfferedAgain) {
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

TEST_F(Worker, U1_AResultFromBeforeARestartIsDeliveredWithoutASecondRun) {
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

TEST_F(Worker, U2_TwentyFailedUploadsKeepTheResultAndTheClaim) {
  start();
  say(offer_of("job-1", "image"));
  for (int i = 0; i < 20; ++i) http_.answer(500, "down");
  http_.answer(200);
  engines_.finish_file("job-1");
  clock_.settle();
  const auto began = clock_.now();
  while (counter("delivered") == 0 && clock_.now() - began < 30min) {
    clock_.pass(5s);
    say(R"({"type":"heartbeatAck"})");
  }
  EXPECT_EQ(counter("delivered"), 1);
  EXPECT_EQ(http_.uploads.size(), 21U);
  EXPECT_EQ(engines_.runs.size(), 1U);
  // Seven rounds of three tries, the pauses between them drawn from windows of 1 s to 32 s.
  EXPECT_LT(clock_.now() - began, 90s);
  EXPECT_EQ(connector_.links.size(), 1U);
}

TEST_F(Worker, U8_AJsonResultThatIsNotWhatItWasFailsInWordsAndMayRunAgain) {
  start();
  say(offer_of("job-1"));
  engines_.finish_long_json("job-1");
  clock_.settle();
  const auto result = journal_->undelivered().at(0);
  reconnect();
  ASSERT_TRUE(base::write_file(result.folder / result.file, R"({"answer")"));
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent("result.json or its prompt changed since it was made"));
  EXPECT_TRUE(studio().has_sent(R"("retryable":true)"));
  EXPECT_FALSE(studio().has_sent("completeJson"));
}

TEST_F(Worker, U9_TwoThousandWaitingResultsAreDeliveredAsTheStudioAsksForThem) {
  constexpr int kResults = 2000;
  journal_ = std::move(*history::Journal::open({.folder = folder_.path()}, io_.get_executor()));
  for (int i = 0; i < kResults; ++i) leave_result("job-" + std::to_string(i));
  start();
  EXPECT_EQ(status().at("jobs").as_array().size(), static_cast<std::size_t>(kResults));
  for (int i = 0; i < kResults; ++i) {
    const std::string job = "job-" + std::to_string(i);
    say(offer_of(job));
    ASSERT_THAT(studio().sent.back(), testing::HasSubstr(R"("type":"completeJson","jobId":")" + job + '"'));
    say(R"({"type":"completeAck","jobId":")" + job + R"("})");
    studio().sent.clear();
  }
  EXPECT_EQ(counter("delivered"), kResults);
  EXPECT_TRUE(engines_.runs.empty());
  EXPECT_TRUE(journal_->undelivered().empty());
}

TEST_F(Worker, ASmallJsonResultStandsInTheJournalAlone) {
  start();
  say(offer_of("job-1"));
  engines_.finish_json("job-1");
  clock_.settle();
  const auto result = journal_->undelivered().at(0);
  ASSERT_TRUE(result.text.has_value());
  EXPECT_EQ(result.text->result, R"({"answer":1})");
  EXPECT_EQ(result.text->prompt, "hello");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "jobs"));
  reconnect();
  studio().sent.clear();
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(R"({\"answer\":1})") || studio().has_sent(R"({"answer":1})"));
}

TEST_F(Worker, ALongJsonResultIsReadBackFromItsFiles) {
  start();
  say(offer_of("job-1"));
  engines_.finish_long_json("job-1");
  clock_.settle();
  const auto result = journal_->undelivered().at(0);
  EXPECT_FALSE(result.text.has_value());
  EXPECT_EQ(std::filesystem::file_size(result.folder / result.file), result.bytes);
  reconnect();
  studio().sent.clear();
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent(std::string(100'000, 'x')));
}

TEST_F(Worker, AFailureToReadAResultNamesNoPathOfThisMachine) {
  start();
  say(offer_of("job-1"));
  engines_.finish_long_json("job-1");
  clock_.settle();
  const auto result = journal_->undelivered().at(0);
  reconnect();
  std::filesystem::remove(result.folder / result.file);
  say(offer_of("job-1"));
  EXPECT_TRUE(studio().has_sent("result.json: No such file"));
  EXPECT_FALSE(studio().has_sent(folder_.path().native()));
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

TEST_F(Worker, AStoredResultWhoseBytesAreNotThoseOfItsRecordIsNotDelivered) {
  start();
  say(offer_of("job-1"));
  engines_.finish_long_json("job-1");
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

}  // namespace
}  // namespace worker_test
