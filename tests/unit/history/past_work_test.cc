// What a journal says of the work done so far: over repeated offers, restarts, kills and compaction.

#include <fstream>
#include <gmock/gmock.h>

#include "history/book.h"
#include "history/replay.h"
#include "unit/history/world.h"

namespace history {
namespace {

using namespace std::chrono_literals;
using base::JobId;
using testing::ElementsAre;
using testing::IsEmpty;

/// "harbour 2 jobs 5 s": each game with what it had.
std::vector<std::string> shown(const job::Usage& usage, base::WallTime start, base::WallTime now) {
  std::vector<std::string> games;
  for (const job::GameUse& use : usage.since(start, now)) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(use.used.gpu_time).count();
    games.push_back(std::string(use.game) + " " + std::to_string(use.used.jobs) + " jobs " + std::to_string(seconds) +
                    " s");
  }
  return games;
}

Produced finished(const std::string& job, base::Duration ran, const std::string& hash = "h") {
  const auto of = offer(job);
  Produced result;
  result.job = of.id;
  result.game = of.game;
  result.kind = of.kind;
  result.task_hash = hash;
  result.text = JsonText{"{}", "p"};
  result.model = of.model;
  result.size = job::size_class(of);
  result.ran = ran;
  return result;
}

class PastWork : public ::testing::Test {
 protected:
  void open() {
    journal_.reset();  // like a kill: nothing is closed in an orderly way
    journal_ = world_.open(options_);
  }
  void accept(const std::string& job, base::WallTime at = kThen) {
    ASSERT_TRUE(journal_->accepted(offer(job), "h", at));
  }
  void produce(const std::string& job, base::Duration ran) { ASSERT_TRUE(journal_->produced(finished(job, ran))); }
  void close(const std::string& job, job::Outcome outcome, base::Duration ran) {
    auto end = record(job, outcome);
    end.ran = ran;
    ASSERT_TRUE(journal_->closed(end));
  }
  std::vector<std::string> used(base::WallTime start = kThen, base::WallTime now = kThen + 24h) {
    return shown(journal_->usage(), start, now);
  }

  World world_;
  JournalOptions options_ = world_.options();
  std::unique_ptr<Journal> journal_ = world_.open(options_);
};

TEST_F(PastWork, AJobCountsOnceWhateverHappensToIt) {
  accept("delivered");
  produce("delivered", 2s);
  close("delivered", job::Outcome::kDelivered, 2s);
  accept("failed");
  close("failed", job::Outcome::kFailed, 3s);
  accept("handed back");
  close("handed back", job::Outcome::kHandedBack, 0s);
  EXPECT_THAT(used(), ElementsAre("harbour 3 jobs 5 s"));
  accept("handed back", kThen + 1h);
  close("handed back", job::Outcome::kFailed, 4s);
  EXPECT_THAT(used(), ElementsAre("harbour 3 jobs 9 s")) << "every run takes the card's time";
  EXPECT_THAT(used(kThen + 30min), IsEmpty()) << "a job counts at its first time, and its runs with it";
}

TEST_F(PastWork, SurvivesAKillAtAnyStage) {
  accept("running");
  accept("waiting");
  produce("waiting", 2s);
  accept("done");
  produce("done", 2s);
  close("done", job::Outcome::kDelivered, 2s);
  for (int restart = 0; restart < 3; ++restart) {
    open();
    EXPECT_THAT(used(), ElementsAre("harbour 3 jobs 4 s")) << restart;
  }
  accept("running", kThen + 2h);  // the studio gives it out again
  accept("waiting", kThen + 2h);  // and claims the result anew
  close("waiting", job::Outcome::kDelivered, 0s);
  open();
  EXPECT_THAT(used(), ElementsAre("harbour 3 jobs 4 s"));
}

TEST_F(PastWork, ALostResultThatRunsAgainIsOneJob) {
  accept("lost");
  produce("lost", 2s);
  close("lost", job::Outcome::kFailed, 0s);  // its file was damaged
  accept("lost", kThen + 1h);
  produce("lost", 3s);
  EXPECT_THAT(used(), ElementsAre("harbour 1 jobs 5 s"));
}

TEST_F(PastWork, SurvivesCompaction) {
  options_.rotate_bytes = 1;
  options_.remembered_jobs = 50;
  open();
  for (int i = 0; i < 100; ++i) {
    const std::string job = "job-" + std::to_string(i);
    accept(job, kThen + i * 10s);
    produce(job, 2s);
    if (i < 99) close(job, job::Outcome::kDelivered, 2s);
  }
  for (int restart = 0; restart < 3; ++restart) {
    open();
    EXPECT_THAT(used(), ElementsAre("harbour 100 jobs 200 s")) << restart;
    EXPECT_THAT(used(kThen + 16min), ElementsAre("harbour 4 jobs 8 s")) << restart;
    EXPECT_EQ(journal_->typical_time(offer("x")), 2s);
  }
  close("job-99", job::Outcome::kDelivered, 2s);
  accept("job-98", kThen + 1h);
  EXPECT_THAT(used(), ElementsAre("harbour 100 jobs 200 s")) << "known although its record is gone";
}

TEST_F(PastWork, AJournalOfAnOlderProgramStaysReadableAndCountsNothing) {
  journal_.reset();
  std::string bytes;
  ASSERT_TRUE(append_record(bytes, Header{3}));
  ASSERT_TRUE(append_record(bytes, Accepted{JobId("a"), "h", base::GameId("harbour"), job::Kind::kImage, {}}));
  std::ofstream(world_.state() / "journal", std::ios::binary | std::ios::trunc) << bytes;
  open();
  EXPECT_EQ(journal_->counters().damaged_records, 0U);
  EXPECT_THAT(journal_->abandoned(), ElementsAre(JobId("a")));
  EXPECT_THAT(used(base::WallTime()), IsEmpty());
  accept("a");
  EXPECT_THAT(used(), ElementsAre("harbour 1 jobs 0 s"));
}

TEST_F(PastWork, AnEstimateNeedsThreeResultsOfThisModelAndSize) {
  for (const auto ran : {5s, 1s}) {
    accept("a");
    produce("a", ran);
  }
  accept("failed");
  close("failed", job::Outcome::kFailed, 100s);
  EXPECT_EQ(journal_->typical_time(offer("x")), std::nullopt);
  produce("b", 3s);
  EXPECT_EQ(journal_->typical_time(offer("x")), 3s);
  open();
  EXPECT_EQ(journal_->typical_time(offer("x")), 3s);
  auto other = offer("x");
  other.model = base::ModelId("another");
  EXPECT_EQ(journal_->typical_time(other), std::nullopt);
  other = offer("x");
  other.facts.width = 4096;
  EXPECT_EQ(journal_->typical_time(other), std::nullopt);
}

TEST(RunTimes, TheLastNineCount) {
  RunTimes times;
  const JobClass of{job::Kind::kLlm, base::ModelId("m"), 7};
  for (int i = 0; i < 20; ++i) times.add(of, 60s);
  for (int i = 0; i < 5; ++i) times.add(of, 2s);
  EXPECT_EQ(times.median(of), 2s);
  times.add(of, 0s);
  EXPECT_EQ(times.all().at(0).ran.size(), RunTimes::kLast);
}

TEST(RunTimes, TheLeastRecentClassIsForgotten) {
  RunTimes times;
  const auto add = [&](std::uint32_t size) { times.add({job::Kind::kLlm, base::ModelId("m"), size}, 1s); };
  for (std::uint32_t size = 0; size < RunTimes::kMostClasses; ++size) add(size);
  add(0);
  add(5000);
  const auto all = times.all();
  EXPECT_EQ(all.size(), RunTimes::kMostClasses);
  EXPECT_EQ(all.front().of.size, 2U);
}

TEST(Minutes, KeepNineDaysAndSoManyJobs) {
  Minutes minutes(2);
  const base::GameId game("g");
  for (const char* job : {"a", "b", "c"}) minutes.accepted(JobId(job), game, kThen);
  EXPECT_EQ(minutes.counted().size(), 2U);
  minutes.accepted(JobId("d"), game, kThen + 8 * 24h);
  EXPECT_THAT(shown(minutes, kThen, kThen + 9 * 24h), ElementsAre("g 4 jobs 0 s"));
  minutes.accepted(JobId("e"), base::GameId("h"), kThen + 10 * 24h);
  EXPECT_THAT(shown(minutes, kThen, kThen + 10 * 24h), ElementsAre("g 1 jobs 0 s", "h 1 jobs 0 s"));
}

TEST(Minutes, AClockThatIsSetBackCountsWhereItStands) {
  Minutes minutes(10);
  const base::GameId game("g");
  minutes.accepted(JobId("far"), game, kThen + 5h);
  minutes.accepted(JobId("near"), game, kThen + 1min);
  minutes.accepted(JobId("nearer"), game, kThen + 30s);
  minutes.ran(JobId("near"), game, 7s);
  EXPECT_THAT(shown(minutes, kThen, kThen + 1h), ElementsAre("g 2 jobs 7 s"));
  EXPECT_THAT(shown(minutes, kThen + 1min, kThen + 6h), ElementsAre("g 2 jobs 7 s"));
}

TEST(Minutes, ManyGamesPushOutTheOldest) {
  Minutes minutes(10);
  for (std::size_t i = 0; i <= job::kMostUsedGames; ++i) {
    minutes.accepted(JobId(std::to_string(i)), base::GameId("g" + std::to_string(i)), kThen + i * 1min);
  }
  const auto uses = minutes.since(kThen, kThen + 24h);
  EXPECT_EQ(uses.size(), job::kMostUsedGames);
  for (const auto& use : uses) EXPECT_NE(use.game, "g0");
}

}  // namespace
}  // namespace history
