#include "engine/instance/line_log.h"

#include <gtest/gtest.h>
#include <vector>

namespace engine {
namespace {

class LineLogTest : public testing::Test {
 protected:
  std::vector<std::string> seen_;
  LineLog log_{[this](const std::string& line) { seen_.push_back(line); }};
};

TEST_F(LineLogTest, JoinsPiecesAndSkipsEmptyLines) {
  log_.append("fi");
  log_.append("rst\n\nsecond\r\nthi");
  EXPECT_EQ(seen_, (std::vector<std::string>{"first", "second"}));
  log_.end();
  EXPECT_EQ(seen_.back(), "thi");
  EXPECT_EQ(log_.last_line(), "thi");
}

TEST_F(LineLogTest, KeepsNoMoreOfALineThanIsPrinted) {
  for (int i = 0; i < 1000; ++i) log_.append(std::string(50'000, 'x'));
  log_.append("\nnext\n");
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].size(), LineLog::kMaxLine + 1);
  EXPECT_EQ(seen_[1], "next");
}

TEST_F(LineLogTest, CountsWhatIsOverTheLimitAndRemembersTheLastWords) {
  for (int i = 0; i < 1000; ++i) log_.append("line " + std::to_string(i) + "\n");
  EXPECT_EQ(seen_.size(), LineLog::kMaxLines);
  EXPECT_EQ(log_.last_line(), "line 999");
  EXPECT_FALSE(log_.admit());
  EXPECT_EQ(log_.restart(), 601U);
  EXPECT_EQ(log_.restart(), 0U);
  EXPECT_TRUE(log_.admit());
}

TEST_F(LineLogTest, ForgetsNothingBelowTheLimit) {
  for (std::uint64_t i = 0; i < LineLog::kMaxLines; ++i) EXPECT_TRUE(log_.admit());
  EXPECT_EQ(log_.restart(), 0U);
}

}  // namespace
}  // namespace engine
