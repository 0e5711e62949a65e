#include <gmock/gmock.h>

#include "history/record.h"
#include "unit/history/world.h"

namespace history {
namespace {

using base::JobId;

/// What a caller was told: only steps that returned success.
struct Told {
  std::map<std::string, Stage> stages;
  std::map<std::string, Stage> synced;
  /// The step that failed may or may not be in the file.
  std::string unsure;
};

/// A day in the life of a worker, with compaction on the way. Stops at the first step that fails.
class Day {
 public:
  Day(World& world, Journal& journal, Told& told) : world_(world), journal_(journal), told_(told) {}

  void live() {
    for (int i = 0; i < 6; ++i) {
      const std::string job = "job-" + std::to_string(i);
      if (!step(job, Stage::kAccepted, journal_.accepted(offer(job), "h", kThen))) return;
      if (i % 3 != 2 && !step(job, Stage::kProduced, journal_.produced(result(job)))) return;
      if (i % 2 == 1 && !sync()) return;
      if (i % 3 != 1 && !step(job, Stage::kClosed, journal_.closed(record(job)))) return;
    }
  }

 private:
  bool step(const std::string& job, Stage stage, const base::Status& done) {
    if (!done) {
      told_.unsure = job;
      return false;
    }
    told_.stages[job] = stage;
    return true;
  }
  bool sync() {
    if (!world_.sync(journal_)) return false;
    told_.synced = told_.stages;
    return true;
  }
  Produced result(const std::string& job) const {
    Produced made;
    made.job = JobId(job);
    made.task_hash = "h";
    made.folder = world_.state() / "jobs" / "shared";
    made.file = "result.png";
    return made;
  }

  World& world_;
  Journal& journal_;
  Told& told_;
};

JournalOptions small(World& world) {
  JournalOptions options = world.memory_options();
  options.rotate_bytes = 900;
  options.reserve_bytes = 0;
  return options;
}

/// Every job is at least as far as `expected` says; one that was never begun is unknown.
void expect_consistent(Journal& journal, const std::map<std::string, Stage>& expected, const Told& told) {
  std::map<std::string, Stage> found;
  for (const JobId& job : journal.abandoned()) found[job.str()] = Stage::kAccepted;
  for (const auto& [job, stage] : told.stages) {
    if (const auto entry = journal.find(JobId(job))) {
      EXPECT_EQ(entry->stage == Stage::kProduced, entry->produced.has_value());
      found[job] = entry->stage;
    }
  }
  for (const auto& [job, stage] : expected) {
    ASSERT_TRUE(found.contains(job)) << job << " is forgotten";
    EXPECT_GE(found[job], stage) << job;
  }
  for (const auto& [job, stage] : found) {
    if (job == told.unsure || !told.stages.contains(job)) continue;
    EXPECT_LE(stage, told.stages.at(job)) << job << " is further than anybody said";
  }
  for (const Produced& waiting : journal.undelivered()) {
    EXPECT_EQ(journal.find(waiting.job)->stage, Stage::kProduced);
  }
}

std::size_t bytes_of_a_whole_day() {
  World world;
  world.memory.fault = MemoryDisk::Fault::kFull;
  world.memory.budget = 1 << 20;
  Told told;
  {
    const auto journal = world.open(small(world));
    Day(world, *journal, told).live();
  }
  EXPECT_TRUE(told.unsure.empty());
  EXPECT_EQ(told.stages.size(), 6U);
  EXPECT_TRUE(world.memory.files.contains("journal"));
  return (1 << 20) - world.memory.budget;
}

class CrashTest : public testing::TestWithParam<MemoryDisk::Fault> {};

TEST_P(CrashTest, U1_AKillAfterAnyByteLosesNothingThatWasSaid) {
  const std::size_t total = bytes_of_a_whole_day();
  ASSERT_GT(total, 1500U);
  World world;
  for (std::size_t budget = 0; budget <= total; ++budget) {
    SCOPED_TRACE("after byte " + std::to_string(budget));
    world.memory.files.clear();
    world.memory.synced_names.clear();
    world.memory.fault = GetParam();
    world.memory.budget = budget;
    Told told;
    {
      auto journal = world.try_open(small(world));
      if (journal) Day(world, **journal, told).live();
      world.settle();
    }
    world.memory.heal();
    const auto journal = world.open(small(world));
    ASSERT_TRUE(journal);
    expect_consistent(*journal, told.stages, told);
    if (HasFailure()) return;
    ASSERT_TRUE(journal->accepted(offer("afterwards"), "h", kThen));
  }
}

INSTANTIATE_TEST_SUITE_P(Disks, CrashTest, testing::Values(MemoryDisk::Fault::kFull, MemoryDisk::Fault::kBroken),
                         [](const auto& disk) { return disk.param == MemoryDisk::Fault::kFull ? "Full" : "Broken"; });

TEST(PowerCut, U1_LosesNothingThatWasSynced) {
  const std::size_t total = bytes_of_a_whole_day();
  World world;
  for (std::size_t budget = 0; budget <= total; ++budget) {
    SCOPED_TRACE("after byte " + std::to_string(budget));
    world.memory.files.clear();
    world.memory.synced_names.clear();
    world.memory.fault = MemoryDisk::Fault::kBroken;
    world.memory.budget = budget;
    Told told;
    {
      auto journal = world.try_open(small(world));
      if (journal) Day(world, **journal, told).live();
      world.settle();
    }
    world.memory.cut_power(budget % 97);
    const auto journal = world.open(small(world));
    ASSERT_TRUE(journal);
    expect_consistent(*journal, told.synced, told);
    if (HasFailure()) return;
  }
}

TEST(Damage, U10_AFlippedBitCostsOneRecord) {
  World world;
  Told told;
  {
    const auto journal = world.open(world.memory_options());
    Day(world, *journal, told).live();
  }
  const std::string sound = world.memory.bytes("journal");
  const std::size_t records = split(sound).size();
  JournalOptions options = world.memory_options();
  options.reserve_bytes = 0;
  for (std::size_t bit = 0; bit < sound.size() * 8; bit += 3) {
    SCOPED_TRACE("bit " + std::to_string(bit));
    world.memory.files.clear();
    world.memory.files["journal"] = std::make_shared<MemoryDisk::Content>();
    world.memory.bytes("journal") = sound;
    auto& byte = world.memory.bytes("journal")[bit / 8];
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    {
      const auto journal = world.open(options);
      EXPECT_EQ(journal->counters().damaged_records, 1U);
    }
    ASSERT_TRUE(world.memory.files.contains("journal.damaged-1"));
    std::size_t left = 0;
    for (const Piece& piece : split(world.memory.bytes("journal"))) left += piece.payload ? 1 : 100;
    EXPECT_LE(left, records + 2) << "what is left is sound";
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace history
