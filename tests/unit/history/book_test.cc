#include "history/book.h"

#include <gmock/gmock.h>
#include <random>

#include "history/replay.h"

namespace history {
namespace {

using base::JobId;
using testing::ElementsAre;

Accepted accepted(const std::string& job, const std::string& hash = "h") {
  return {JobId(job), hash, base::GameId("g"), job::Kind::kImage, base::ModelId("m"), {}};
}

Produced produced(const std::string& job, const std::string& hash = "h") {
  Produced result;
  result.job = JobId(job);
  result.task_hash = hash;
  result.folder = "/jobs/" + job;
  result.file = "result.png";
  return result;
}

Closed closed(const std::string& job, job::Outcome outcome = job::Outcome::kDelivered) {
  Closed end;
  end.record.job = JobId(job);
  end.record.outcome = outcome;
  return end;
}

std::vector<std::string> names(const std::vector<Produced>& results) {
  std::vector<std::string> jobs;
  jobs.reserve(results.size());
  for (const auto& result : results) jobs.push_back(result.job.str());
  return jobs;
}

TEST(Book, FollowsAJobToItsEnd) {
  Book book(10);
  EXPECT_FALSE(book.find(JobId("a")));
  book.apply(accepted("a"));
  EXPECT_EQ(book.find(JobId("a"))->stage, Stage::kAccepted);
  book.apply(produced("a"));
  EXPECT_EQ(book.find(JobId("a"))->produced->folder, "/jobs/a");
  book.apply(closed("a", job::Outcome::kSuperseded));
  const auto entry = book.find(JobId("a"));
  EXPECT_EQ(entry->stage, Stage::kClosed);
  EXPECT_EQ(entry->task_hash, "h");
  EXPECT_EQ(entry->outcome, job::Outcome::kSuperseded);
  EXPECT_FALSE(entry->produced);
}

TEST(Book, U9_ListsWaitingResultsOldestFirst) {
  Book book(10);
  for (const char* job : {"c", "a", "b"}) {
    book.apply(accepted(job));
    book.apply(produced(job));
  }
  book.apply(closed("a"));
  EXPECT_THAT(names(book.undelivered()), ElementsAre("c", "b"));
}

TEST(Book, ARepeatedOfferOfTheSameTaskKeepsTheWaitingResult) {
  Book book(10);
  book.apply(produced("a", "same"));
  book.apply(accepted("a", "same"));
  EXPECT_EQ(book.find(JobId("a"))->stage, Stage::kProduced);
  book.apply(accepted("a", "other"));
  EXPECT_EQ(book.find(JobId("a"))->stage, Stage::kAccepted);
  EXPECT_TRUE(book.undelivered().empty());
}

TEST(Book, ForgetsTheOldestClosedJobsAndNothingElse) {
  Book book(2);
  book.apply(accepted("open"));
  for (const char* job : {"a", "b", "c"}) book.apply(closed(job));
  EXPECT_FALSE(book.find(JobId("a")));
  EXPECT_TRUE(book.find(JobId("b")) && book.find(JobId("c")) && book.find(JobId("open")));
  book.apply(closed("b"));
  book.apply(closed("d"));
  EXPECT_FALSE(book.find(JobId("c"))) << "b ended again after c";
  EXPECT_TRUE(book.find(JobId("b")));
}

TEST(Book, AJobThatEndsAgainAndAgainCountsOnce) {
  Book book(2);
  book.apply(closed("steady"));
  for (int i = 0; i < 5000; ++i) {
    book.apply(accepted("again"));
    book.apply(closed("again"));
  }
  EXPECT_TRUE(book.find(JobId("steady")));
}

TEST(Book, AnAbandonedJobLeavesNoTrace) {
  Book book(2);
  book.apply(closed("a"));
  book.apply(accepted("a"));
  EXPECT_THAT(book.unfinished(), ElementsAre(JobId("a")));
  book.apply(Dropped{JobId("a")});
  EXPECT_FALSE(book.find(JobId("a")));
  for (const char* job : {"b", "c", "d"}) book.apply(closed(job));
  EXPECT_TRUE(book.find(JobId("c")) && book.find(JobId("d")));
  book.apply(Dropped{JobId("d")});
  EXPECT_TRUE(book.find(JobId("d"))) << "only unfinished jobs can be dropped";
}

TEST(Book, ASnapshotReplaysToTheSameBook) {
  std::mt19937 random(7);
  Book book(20);
  for (int step = 0; step < 3000; ++step) {
    const std::string job = "job-" + std::to_string(random() % 60);
    switch (random() % 4) {
      case 0: {
        auto opened = accepted(job, std::to_string(random() % 3));
        opened.game = base::GameId(std::to_string(random() % 3));
        opened.at = base::WallTime(std::chrono::minutes(1 + step + static_cast<int>(random() % 9)));
        book.apply(std::move(opened));
        break;
      }
      case 1: {
        auto result = produced(job, std::to_string(random() % 3));
        result.size = static_cast<std::uint32_t>(random() % 3);
        result.ran = std::chrono::milliseconds(random() % 3);
        book.apply(result);
        break;
      }
      case 2:
        book.apply(closed(job));
        break;
      default:
        book.apply(Dropped{JobId(job)});
    }
    if (step % 50 != 0) continue;
    const std::string snapshot = write_records(book.snapshot());
    Book again(20);
    const auto replayed = replay(snapshot, "/jobs", again);
    ASSERT_TRUE(replayed);
    EXPECT_EQ(replayed->damaged, 0U);
    EXPECT_TRUE(replayed->has_header);
    EXPECT_EQ(write_records(again.snapshot()), snapshot);
    EXPECT_EQ(names(again.undelivered()), names(book.undelivered()));
    EXPECT_EQ(again.unfinished(), book.unfinished());
  }
}

TEST(Replay, P12_RefusesAFileOfANewerProgramAndNamesBothFormats) {
  std::string bytes;
  ASSERT_TRUE(append_record(bytes, Header{kFormat + 1}));
  Book book(10);
  const auto replayed = replay(bytes, "/jobs", book);
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().code, base::Code::kInvalid);
  EXPECT_THAT(replayed.error().message, testing::HasSubstr("journal format is " + std::to_string(kFormat + 1)));
  EXPECT_THAT(replayed.error().message, testing::HasSubstr("up to format " + std::to_string(kFormat)));
}

}  // namespace
}  // namespace history
