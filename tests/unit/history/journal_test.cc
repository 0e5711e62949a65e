#include "history/journal.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

#include "fakes/forked.h"
#include "history/record.h"
#include "unit/history/world.h"

namespace history {
namespace {

using base::JobId;
using testing::ElementsAre;
using testing::HasSubstr;

class JournalTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name) const { return world_.state() / name; }
  std::string journal_bytes() const { return *base::read_file(file("journal")); }

  World world_;
};

TEST_F(JournalTest, RemembersAcrossRestarts) {
  Produced waiting;
  {
    const auto journal = world_.open(world_.options());
    ASSERT_TRUE(journal->accepted(offer("lost"), "h1", kThen));
    ASSERT_TRUE(journal->accepted(offer("waiting"), "h2", kThen));
    waiting = world_.produce(*journal, "waiting", "h2");
    ASSERT_TRUE(journal->produced(waiting));
    ASSERT_TRUE(journal->accepted(offer("done"), "h3", kThen));
    ASSERT_TRUE(journal->produced(world_.produce(*journal, "done", "h3")));
    ASSERT_TRUE(journal->closed(record("done")));
    EXPECT_THAT(journal->abandoned(), testing::IsEmpty());
  }
  const auto journal = world_.open(world_.options());
  EXPECT_THAT(journal->abandoned(), ElementsAre(JobId("lost")));
  EXPECT_FALSE(journal->find(JobId("lost")));
  const auto undelivered = journal->undelivered();
  ASSERT_EQ(undelivered.size(), 1U);
  EXPECT_EQ(undelivered[0].folder, waiting.folder);
  EXPECT_EQ(undelivered[0].worker, "w-1");
  EXPECT_EQ(journal->find(JobId("waiting"))->stage, Stage::kProduced);
  const auto done = journal->find(JobId("done"));
  EXPECT_EQ(done->stage, Stage::kClosed);
  EXPECT_EQ(done->task_hash, "h3");
  EXPECT_EQ(done->outcome, job::Outcome::kDelivered);
  EXPECT_EQ(journal->counters().damaged_records, 0U);
}

TEST_F(JournalTest, ReportsAnAbandonedJobOnce) {
  ASSERT_TRUE(world_.open(world_.options())->accepted(offer("lost"), "h", kThen));
  EXPECT_EQ(world_.open(world_.options())->abandoned().size(), 1U);
  EXPECT_EQ(world_.open(world_.options())->abandoned().size(), 0U);
}

TEST_F(JournalTest, AFolderLivesUntilItsEntryIsClosed) {
  const auto journal = world_.open(world_.options());
  ASSERT_TRUE(journal->accepted(offer("a"), "h", kThen));
  const Produced result = world_.produce(*journal, "a");
  ASSERT_TRUE(journal->produced(result));
  world_.settle();
  EXPECT_TRUE(std::filesystem::exists(result.folder / "result.png"));
  ASSERT_TRUE(journal->closed(record("a")));
  EXPECT_TRUE(std::filesystem::exists(result.folder)) << "it is removed on the disk thread, not here";
  world_.settle();
  EXPECT_FALSE(std::filesystem::exists(result.folder));
}

TEST_F(JournalTest, AFailedJobsFolderGoesToo) {
  const auto journal = world_.open(world_.options());
  ASSERT_TRUE(journal->accepted(offer("a"), "h", kThen));
  const auto folder = *journal->make_job_folder(JobId("a"));
  ASSERT_TRUE(journal->closed(record("a", job::Outcome::kFailed)));
  world_.settle();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(JournalTest, ANewFolderIsNeverTheOneBeingRemoved) {
  const auto journal = world_.open(world_.options());
  const auto first = *journal->make_job_folder(JobId("a"));
  ASSERT_TRUE(journal->closed(record("a", job::Outcome::kFailed)));
  const auto second = *journal->make_job_folder(JobId("a"));
  EXPECT_NE(first, second);
  world_.settle();
  EXPECT_FALSE(std::filesystem::exists(first));
  EXPECT_TRUE(std::filesystem::exists(second));
}

TEST_F(JournalTest, OrphanedFoldersAreRemovedAtOpen) {
  std::filesystem::path kept;
  std::filesystem::path orphan;
  {
    const auto journal = world_.open(world_.options());
    const Produced result = world_.produce(*journal, "kept");
    ASSERT_TRUE(journal->produced(result));
    kept = result.folder;
    orphan = *journal->make_job_folder(JobId("orphan"));
  }
  const auto journal = world_.open(world_.options());
  const auto fresh = *journal->make_job_folder(JobId("orphan"));
  world_.settle();
  EXPECT_TRUE(std::filesystem::exists(kept / "result.png"));
  EXPECT_FALSE(std::filesystem::exists(orphan));
  EXPECT_TRUE(std::filesystem::exists(fresh));
}

TEST_F(JournalTest, U12_OddIdsMakeOrdinaryFolders) {
  const auto journal = world_.open(world_.options());
  for (const std::string& id : {std::string("../../etc"), std::string(".."), std::string("."), std::string("a/b"),
                                std::string("a\0b", 3), std::string(5000, 'x'), std::string("\xFF\n ")}) {
    const auto folder = journal->make_job_folder(JobId(id));
    ASSERT_TRUE(folder) << folder.error().message;
    EXPECT_EQ(folder->parent_path(), file("jobs"));
    EXPECT_LE(folder->filename().native().size(), 100U);
    EXPECT_EQ(std::filesystem::status(*folder).permissions(), std::filesystem::perms::owner_all);
  }
}

TEST_F(JournalTest, RefusesAResultThatLiesElsewhere) {
  const auto journal = world_.open(world_.options());
  Produced result = world_.produce(*journal, "a");
  result.file = "../other/result.png";
  EXPECT_EQ(journal->produced(result).error().code, base::Code::kInvalid);
  result.file = "result.png";
  result.folder = "/tmp";
  EXPECT_EQ(journal->produced(result).error().code, base::Code::kInvalid);
}

TEST_F(JournalTest, U10_SetsADamagedTailAside) {
  ASSERT_TRUE(world_.open(world_.options())->closed(record("a")));
  const std::string sound = journal_bytes();
  const std::vector<std::string> tails = {std::string(512, '\0'), sound.substr(0, sound.size() - 1), "\xF5SWJ", "x"};
  for (std::size_t i = 0; i < tails.size(); ++i) {
    std::ofstream(file("journal"), std::ios::app | std::ios::binary) << tails[i];
    const auto journal = world_.open(world_.options());
    EXPECT_EQ(journal->counters().damaged_records, 1U);
    EXPECT_GT(journal->counters().set_aside_bytes, 0U);
    EXPECT_EQ(journal->find(JobId("a"))->stage, Stage::kClosed);
    EXPECT_TRUE(std::filesystem::exists(file("journal.damaged-" + std::to_string(i + 1))));
  }
  EXPECT_EQ(*base::read_file(file("journal.damaged-1")), tails[0]);
  EXPECT_EQ(world_.open(world_.options())->counters().damaged_records, 0U) << "counted once";
}

TEST_F(JournalTest, U10_SkipsADamagedRecordInTheMiddle) {
  {
    const auto journal = world_.open(world_.options());
    for (const char* job : {"a", "b", "c"}) ASSERT_TRUE(journal->closed(record(job)));
  }
  std::string bytes = journal_bytes();
  bytes[bytes.find("\"job\":\"b\"") + 7] = 'B';
  ASSERT_TRUE(base::write_file_atomically(file("journal"), bytes));
  {
    const auto journal = world_.open(world_.options());
    EXPECT_EQ(journal->counters().damaged_records, 1U);
    EXPECT_TRUE(journal->find(JobId("a")) && journal->find(JobId("c")));
    EXPECT_FALSE(journal->find(JobId("b")) || journal->find(JobId("B")));
    ASSERT_TRUE(journal->closed(record("d")));
  }
  EXPECT_THAT(*base::read_file(file("journal.damaged-1")), HasSubstr("\"job\":\"B\""));
  const auto journal = world_.open(world_.options());
  EXPECT_EQ(journal->counters().damaged_records, 0U);
  EXPECT_TRUE(journal->find(JobId("a")) && journal->find(JobId("c")) && journal->find(JobId("d")));
}

TEST_F(JournalTest, U10_SurvivesAnyGarbageAsItsFile) {
  ASSERT_TRUE(world_.open(world_.options())->closed(record("a")));
  for (const std::string& garbage : {std::string("not a journal\n"), std::string(100000, '\0'), std::string("\0", 1)}) {
    ASSERT_TRUE(base::write_file_atomically(file("journal"), garbage));
    ASSERT_TRUE(world_.open(world_.options())->closed(record("b")));
    const auto journal = world_.open(world_.options());
    EXPECT_EQ(journal->counters().damaged_records, 0U);
    EXPECT_TRUE(journal->find(JobId("b")));
  }
}

TEST_F(JournalTest, P12_U10_RefusesAFileOfANewerProgram) {
  ASSERT_TRUE(base::make_private_folder(world_.state()));
  std::string bytes;
  ASSERT_TRUE(append_record(bytes, Header{kFormat + 1}));
  ASSERT_TRUE(base::write_file_atomically(file("journal"), bytes));
  const auto refused = world_.try_open(world_.options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr(world_.state().native()));
  EXPECT_THAT(refused.error().message, HasSubstr("--state"));
  EXPECT_EQ(journal_bytes(), bytes) << "nothing of it was touched";
}

TEST_F(JournalTest, P10_ASecondProcessIsRefusedWithThePid) {
  static_cast<void>(world_.open(world_.options()));
  const fakes::Forked first([&] { return world_.try_open(world_.options()); });
  ASSERT_TRUE(first.holds());
  const auto second = world_.try_open(world_.options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(first.pid())));
}

TEST_F(JournalTest, U11_SaysWhichFolderCannotBeUsed) {
  JournalOptions options = world_.options();
  options.folder = "/dev/null/state";
  const auto refused = world_.try_open(options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("/dev/null/state"));
}

TEST_F(JournalTest, U11_TakesNoJobsWhileFoldersCannotBeMade) {
  const auto journal = world_.open(world_.options());
  ASSERT_TRUE(base::write_file(file("jobs"), "in the way of a folder"));
  ASSERT_TRUE(journal->accepted(offer("a"), "h", kThen));
  ASSERT_FALSE(journal->make_job_folder(JobId("a")));
  const auto refused = journal->accepted(offer("b"), "h", kThen);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("state folder: "));
  EXPECT_FALSE(journal->find(JobId("b")));
  std::filesystem::remove(file("jobs"));
  ASSERT_TRUE(journal->accepted(offer("b"), "h", kThen));
  EXPECT_TRUE(std::filesystem::is_empty(file("jobs"))) << "the probe is gone";
}

TEST_F(JournalTest, IsCompactedAtOpenWhenItHasGrownFarTooLong) {
  JournalOptions options = world_.options();
  {
    const auto journal = world_.open(options);
    ASSERT_TRUE(journal->produced(world_.produce(*journal, "open")));
    for (int i = 0; i < 200; ++i) {
      const std::string job = "job-" + std::to_string(i);
      ASSERT_TRUE(journal->accepted(offer(job), "h", kThen));
      ASSERT_TRUE(journal->closed(record(job)));
    }
  }
  const auto before = journal_bytes().size();
  options.rotate_bytes = before / 4 + 1;
  options.remembered_jobs = 10;
  EXPECT_EQ(world_.open(options)->undelivered().size(), 1U);
  EXPECT_EQ(journal_bytes().size(), before) << "a start does not wait for that";
  options.rotate_bytes = before / 4 - 1;
  const auto journal = world_.open(options);
  EXPECT_LT(journal_bytes().size(), before / 10);
  EXPECT_EQ(journal->undelivered().size(), 1U);
  EXPECT_TRUE(journal->find(JobId("job-199")) && journal->find(JobId("job-190")));
  EXPECT_FALSE(journal->find(JobId("job-189")));
}

TEST_F(JournalTest, IsCompactedInTheBackgroundWhileItGrows) {
  JournalOptions options = world_.options();
  options.rotate_bytes = 8 * base::kKiB;
  options.remembered_jobs = 10;
  const auto journal = world_.open(options);
  base::Bytes largest = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string job = "job-" + std::to_string(i);
    ASSERT_TRUE(journal->accepted(offer(job), "h", kThen));
    ASSERT_TRUE(journal->closed(record(job)));
    if (i % 7 == 0) {
      ASSERT_TRUE(world_.sync(*journal));
    }
    largest = std::max<base::Bytes>(largest, std::filesystem::file_size(file("journal")));
  }
  EXPECT_LT(largest, 16 * base::kKiB);
  EXPECT_EQ(journal->find(JobId("job-1999"))->stage, Stage::kClosed);
}

TEST_F(JournalTest, IsCompactedInTheBackgroundWhenItWasLongAtOpen) {
  JournalOptions options = world_.options();
  {
    const auto journal = world_.open(options);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(journal->closed(record("job-" + std::to_string(i))));
  }
  const auto before = journal_bytes().size();
  options.rotate_bytes = before - 1;
  options.remembered_jobs = 10;
  const auto journal = world_.open(options);
  ASSERT_TRUE(journal->accepted(offer("next"), "h", kThen));
  EXPECT_GT(journal_bytes().size(), before);
  ASSERT_TRUE(journal->closed(record("next")));
  ASSERT_TRUE(world_.sync(*journal));
  ASSERT_TRUE(journal->accepted(offer("another"), "h", kThen));
  EXPECT_LT(journal_bytes().size(), before / 10);
  EXPECT_EQ(journal->find(JobId("next"))->stage, Stage::kClosed);
}

TEST_F(JournalTest, U9_HoldsTenThousandEntries) {
  constexpr int kJobs = 10000;
  {
    const auto journal = world_.open(world_.options());
    const auto folder = *journal->make_job_folder(JobId("shared"));
    for (int i = 0; i < kJobs; ++i) {
      Produced result;
      result.job = JobId("job-" + std::to_string(i));
      result.task_hash = "h";
      result.folder = folder;
      result.file = "result.json";
      ASSERT_TRUE(journal->accepted(offer(result.job.str()), "h", kThen));
      ASSERT_TRUE(journal->produced(result));
    }
    ASSERT_TRUE(world_.sync(*journal));
  }
  const auto journal = world_.open(world_.options());
  const auto waiting = journal->undelivered();
  ASSERT_EQ(waiting.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(waiting.front().job.str(), "job-0");
  EXPECT_EQ(waiting.back().job.str(), "job-9999");
}

TEST_F(JournalTest, U7_AFullDiskRefusesNewJobsAndStillRecordsTheEnds) {
  const auto journal = world_.open(world_.memory_options());
  ASSERT_TRUE(journal->accepted(offer("running"), "h", kThen));
  const std::string sound = world_.memory.bytes("journal");

  world_.memory.fault = MemoryDisk::Fault::kFull;
  world_.memory.budget = 10;
  const auto refused = journal->accepted(offer("next"), "h", kThen);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kExhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("disk full"));
  EXPECT_FALSE(journal->find(JobId("next")));
  EXPECT_EQ(world_.memory.bytes("journal"), sound) << "the half-written record was cut off again";
  EXPECT_TRUE(std::filesystem::exists(file("reserve"))) << "new jobs never take the reserve";

  const auto end = journal->closed(record("running", job::Outcome::kFailed));
  EXPECT_FALSE(end) << "this disk stays full";
  EXPECT_FALSE(std::filesystem::exists(file("reserve"))) << "the end of a job does";
  EXPECT_EQ(journal->find(JobId("running"))->outcome, job::Outcome::kFailed);

  world_.memory.heal();
  ASSERT_TRUE(journal->accepted(offer("next"), "h", kThen));
  EXPECT_TRUE(std::filesystem::exists(file("reserve")));
}

TEST_F(JournalTest, ABrokenDiskIsAnErrorAndNotTheEnd) {
  const auto journal = world_.open(world_.memory_options());
  world_.memory.fault = MemoryDisk::Fault::kBroken;
  world_.memory.budget = 5;
  EXPECT_EQ(journal->accepted(offer("a"), "h", kThen).error().code, base::Code::kUnavailable);
  EXPECT_FALSE(journal->accepted(offer("b"), "h", kThen));
  world_.memory.heal();
  ASSERT_TRUE(journal->accepted(offer("c"), "h", kThen));
  for (const Piece& piece : split(world_.memory.bytes("journal"))) EXPECT_TRUE(piece.payload) << piece.offset;
}

}  // namespace
}  // namespace history
