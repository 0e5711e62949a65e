#include "net/send_queue.h"

#include <gtest/gtest.h>
#include <vector>

using net::Priority;
using net::SendQueue;
using Verdict = net::SendQueue::Verdict;

namespace {

std::string megabytes(char letter, std::size_t count) {
  return std::string(count * base::kMiB, letter);
}

std::vector<std::string> drained(SendQueue& queue) {
  std::vector<std::string> frames;
  while (!queue.empty()) {
    frames.push_back(queue.start_front().substr(0, 3));
    queue.pop();
  }
  return frames;
}

}  // namespace

TEST(SendQueue, KeepsTheOrderAndCountsBytes) {
  SendQueue queue;
  EXPECT_EQ(queue.push("one", Priority::kControl), Verdict::kTaken);
  EXPECT_EQ(queue.push("two", Priority::kDroppable), Verdict::kTaken);
  EXPECT_EQ(queue.push("three", Priority::kControl), Verdict::kTaken);
  EXPECT_EQ(queue.bytes(), 11U);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"one", "two", "thr"}));
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(SendQueue, N14_RefusesADroppableFrameAboveTheSoftLimit) {
  SendQueue queue;
  EXPECT_EQ(queue.push(megabytes('a', 7), Priority::kControl), Verdict::kTaken);
  EXPECT_EQ(queue.push(megabytes('b', 2), Priority::kDroppable), Verdict::kDropped);
  EXPECT_EQ(queue.push(megabytes('c', 1), Priority::kDroppable), Verdict::kTaken);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"aaa", "ccc"}));
}

TEST(SendQueue, TakesAnyDroppableFrameWhenNothingWaits) {
  SendQueue queue;
  EXPECT_EQ(queue.push(megabytes('a', 9), Priority::kDroppable), Verdict::kTaken);
}

TEST(SendQueue, N14_DropsTheOldestDroppableFrameForAControlFrame) {
  SendQueue queue;
  queue.push(megabytes('a', 3), Priority::kDroppable);
  queue.push(megabytes('b', 3), Priority::kDroppable);
  queue.push(megabytes('c', 1), Priority::kControl);
  queue.push(megabytes('d', 3), Priority::kControl);
  EXPECT_EQ(queue.evicted(), 1U);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"bbb", "ccc", "ddd"}));
}

TEST(SendQueue, N14_NeverDropsAControlFrameNorTheFrameBeingWritten) {
  SendQueue queue;
  queue.push(megabytes('a', 3), Priority::kDroppable);
  queue.start_front();
  queue.push(megabytes('b', 9), Priority::kControl);
  queue.push(megabytes('c', 9), Priority::kControl);
  EXPECT_EQ(queue.evicted(), 0U);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"aaa", "bbb", "ccc"}));
}

TEST(SendQueue, N14_OverflowsAboveTheHardLimit) {
  SendQueue queue;
  EXPECT_EQ(queue.push(megabytes('a', 64), Priority::kControl), Verdict::kTaken);
  EXPECT_EQ(queue.push(megabytes('b', 16), Priority::kControl), Verdict::kTaken);
  EXPECT_EQ(queue.push("c", Priority::kControl), Verdict::kOverflow);
}
