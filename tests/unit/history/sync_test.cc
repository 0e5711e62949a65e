#include <gmock/gmock.h>

#include "unit/history/world.h"

namespace history {
namespace {

using base::JobId;

class SyncTest : public testing::Test {
 protected:
  void start_sync() { world_.tasks.spawn("sync", World::sync_once(journal_.get(), &results_)); }
  void run_io() {
    world_.io.restart();
    world_.io.poll();
  }
  void run_disk() {
    world_.disk.restart();
    world_.disk.poll();
  }
  MemoryDisk::Content& content() { return *world_.memory.files.at("journal"); }

  World world_;
  std::unique_ptr<Journal> journal_ = world_.open(world_.memory_options());
  std::vector<base::Status> results_;
};

TEST_F(SyncTest, MakesEverythingWrittenDurable) {
  ASSERT_TRUE(journal_->closed(record("a")));
  EXPECT_LT(content().synced, content().bytes.size());
  ASSERT_TRUE(world_.sync(*journal_));
  EXPECT_EQ(content().synced, content().bytes.size());
}

TEST_F(SyncTest, CostsNothingWhenNothingIsNew) {
  ASSERT_TRUE(journal_->closed(record("a")));
  ASSERT_TRUE(world_.sync(*journal_));
  const int before = world_.memory.syncs;
  ASSERT_TRUE(world_.sync(*journal_));
  EXPECT_EQ(world_.memory.syncs, before);
}

TEST_F(SyncTest, CoversWhatAnEarlierProcessLeftUnsynced) {
  ASSERT_TRUE(journal_->accepted(offer("a"), "h", kThen));
  ASSERT_TRUE(journal_->produced(world_.produce(*journal_, "a")));
  journal_.reset();
  journal_ = world_.open(world_.memory_options());
  EXPECT_LT(content().synced, content().bytes.size());
  ASSERT_TRUE(world_.sync(*journal_));
  world_.memory.cut_power(0);
  journal_.reset();
  journal_ = world_.open(world_.memory_options());
  EXPECT_EQ(journal_->undelivered().size(), 1U);
}

TEST_F(SyncTest, CallsThatOverlapShareOne) {
  ASSERT_TRUE(journal_->closed(record("a")));
  const int before = world_.memory.syncs;
  for (int i = 0; i < 50; ++i) start_sync();
  world_.settle();
  ASSERT_EQ(results_.size(), 50U);
  for (const auto& result : results_) EXPECT_TRUE(result);
  EXPECT_EQ(world_.memory.syncs, before + 1);
}

TEST_F(SyncTest, ARecordWrittenDuringASyncGetsTheNextOne) {
  ASSERT_TRUE(journal_->closed(record("a")));
  const int before = world_.memory.syncs;
  start_sync();
  run_io();
  ASSERT_TRUE(journal_->closed(record("b")));
  for (int i = 0; i < 10; ++i) start_sync();
  run_io();
  EXPECT_EQ(results_.size(), 0U);
  run_disk();
  run_io();
  EXPECT_EQ(results_.size(), 1U) << "only the first call was served by the first sync";
  world_.settle();
  EXPECT_EQ(results_.size(), 11U);
  EXPECT_EQ(world_.memory.syncs, before + 2);
  EXPECT_EQ(content().synced, content().bytes.size());
}

TEST_F(SyncTest, AFailureReachesEveryCallThatSharedIt) {
  ASSERT_TRUE(journal_->closed(record("a")));
  world_.memory.sync_fails = true;
  for (int i = 0; i < 5; ++i) start_sync();
  world_.settle();
  ASSERT_EQ(results_.size(), 5U);
  for (const auto& result : results_) EXPECT_FALSE(result);
}

TEST_F(SyncTest, AfterAFailedSyncOnlyAFreshFileIsTrusted) {
  ASSERT_TRUE(journal_->closed(record("a")));
  world_.memory.sync_fails = true;
  EXPECT_FALSE(world_.sync(*journal_));
  const auto* suspect = &content();
  world_.memory.sync_fails = false;
  EXPECT_FALSE(world_.sync(*journal_)) << "the first attempt to write it anew had failed as well";
  ASSERT_TRUE(world_.sync(*journal_));
  EXPECT_NE(&content(), suspect);
  world_.memory.cut_power(0);
  journal_.reset();
  journal_ = world_.open(world_.memory_options());
  EXPECT_EQ(journal_->find(JobId("a"))->stage, Stage::kClosed);
}

TEST_F(SyncTest, ACancelledLeaderLeavesTheOthersServed) {
  ASSERT_TRUE(journal_->closed(record("a")));
  const auto leader = world_.tasks.spawn("leader", World::sync_once(journal_.get(), &results_));
  const auto follower = world_.tasks.spawn("follower", World::sync_once(journal_.get(), &results_));
  start_sync();
  run_io();
  world_.tasks.cancel(leader);
  world_.tasks.cancel(follower);
  world_.settle();
  EXPECT_EQ(world_.tasks.size(), 0U);
  EXPECT_GE(results_.size(), 1U);
  EXPECT_TRUE(results_.back());
  EXPECT_EQ(content().synced, content().bytes.size());
}

TEST_F(SyncTest, ALostResultFolderIsNoError) {
  const Produced result = world_.produce(*journal_, "a");
  ASSERT_TRUE(journal_->produced(result));
  std::filesystem::remove_all(result.folder);
  EXPECT_TRUE(world_.sync(*journal_));
}

TEST_F(SyncTest, RecordsDuringACompactionStayDurable) {
  journal_.reset();
  JournalOptions options = world_.memory_options();
  options.rotate_bytes = 400;
  journal_ = world_.open(options);
  while (content().bytes.size() <= 400) ASSERT_TRUE(journal_->closed(record("early")));
  const auto* old = &content();
  ASSERT_TRUE(journal_->accepted(offer("during"), "h", kThen));
  ASSERT_TRUE(world_.sync(*journal_));  // on the old file; the new one must not take over without it
  ASSERT_TRUE(journal_->accepted(offer("later"), "h", kThen));
  world_.settle();
  ASSERT_TRUE(journal_->accepted(offer("last"), "h", kThen));
  EXPECT_NE(&content(), old);
  world_.memory.synced_names = world_.memory.files;  // the rename reached the disk, unsynced records did not
  world_.memory.cut_power(0);
  journal_.reset();
  journal_ = world_.open(options);
  EXPECT_THAT(journal_->abandoned(), testing::Contains(JobId("during")));
}

}  // namespace
}  // namespace history
