#include "studio/log_queue.h"

#include <gmock/gmock.h>

#include "fakes/virtual_clock.h"

namespace {

using base::log::Level;
using testing::HasSubstr;

class LogQueue : public testing::Test {
 protected:
  void push(int count) {
    for (int i = 0; i < count; ++i)
      queue_.push({clock_.wall_now(), Level::kInfo, "ws", "line " + std::to_string(pushed_++), std::nullopt});
  }
  std::vector<protocol::LogEntry> drain() {
    std::vector<protocol::LogEntry> all;
    for (auto batch = queue_.next_batch(); !batch.empty(); batch = queue_.next_batch()) {
      all.insert(all.end(), batch.begin(), batch.end());
      queue_.sent(batch.size());
    }
    return all;
  }

  boost::asio::io_context io_;
  fakes::VirtualClock clock_{io_};
  studio::LogQueue queue_{clock_};
  int pushed_ = 0;
};

TEST_F(LogQueue, KeepsOrderAndCarriesTheContractsTimestamp) {
  queue_.push({clock_.wall_now(), Level::kWarn, "ws", "one", base::JobId("job-1")});
  queue_.push({clock_.wall_now(), Level::kError, "ws", "two", std::nullopt});
  const auto batch = queue_.next_batch();
  queue_.sent(batch.size());
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[0].message, "one");
  EXPECT_EQ(batch[0].job, base::JobId("job-1"));
  EXPECT_THAT(batch[0].ts, testing::MatchesRegex("[0-9-]+T[0-9:]+\\.[0-9]+Z"));
  EXPECT_EQ(batch[1].message, "two");
  EXPECT_TRUE(queue_.empty());
}

TEST_F(LogQueue, OverflowDropsTheOldestAndSaysSoOnce) {
  push(static_cast<int>(studio::LogQueue::kCapacity) + 10);
  EXPECT_EQ(queue_.size(), studio::LogQueue::kCapacity);
  const auto all = drain();
  ASSERT_EQ(all.size(), studio::LogQueue::kCapacity);
  EXPECT_EQ(all.front().level, Level::kWarn);
  EXPECT_EQ(all.front().category, "logs");
  EXPECT_EQ(all.front().message, "ship queue full (5000 entries); dropped 11 oldest");
  EXPECT_EQ(all[1].message, "line 11");
  EXPECT_EQ(all.back().message, "line 5009");
  EXPECT_EQ(queue_.dropped(), 11U);
}

TEST_F(LogQueue, AfterTheMarkerWasTakenTheCountStartsAnew) {
  push(static_cast<int>(studio::LogQueue::kCapacity) + 1);
  drain();
  push(static_cast<int>(studio::LogQueue::kCapacity) + 1);
  EXPECT_THAT(drain().front().message, HasSubstr("dropped 2 oldest"));
}

TEST_F(LogQueue, ABatchThatWasNotSentComesFirstAgain) {
  push(3);
  EXPECT_EQ(queue_.next_batch().size(), 3U);
  push(1);
  const auto all = drain();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all.front().message, "line 0");
  EXPECT_EQ(all.back().message, "line 3");
}

TEST_F(LogQueue, WhatWasDroppedIsToldOfAgainUntilItIsSent) {
  push(static_cast<int>(studio::LogQueue::kCapacity) + 1);
  EXPECT_THAT(queue_.next_batch().front().message, HasSubstr("dropped 2 oldest"));
  push(1);
  const auto batch = queue_.next_batch();
  EXPECT_THAT(batch.front().message, HasSubstr("dropped 3 oldest"));
  queue_.sent(batch.size());
  EXPECT_EQ(queue_.next_batch().front().message, "line 502");
}

TEST_F(LogQueue, ABatchIsBounded) {
  for (int i = 0; i < 1000; ++i)
    queue_.push({clock_.wall_now(), Level::kInfo, "ws", std::string(2000, 'x'), std::nullopt});
  base::Bytes bytes = 0;
  for (const auto& entry : queue_.next_batch()) bytes += entry.message.size();
  EXPECT_LE(bytes, studio::LogQueue::kBatchBytes + 2000);
}

TEST_F(LogQueue, TextFromOutsideIsMadePrintable) {
  queue_.push({clock_.wall_now(), Level::kInfo, "ws", std::string("red\x1b[31m\0line", 13), std::nullopt});
  EXPECT_EQ(queue_.next_batch().front().message, "red\\x1b[31m\\x00line");
}

}  // namespace
