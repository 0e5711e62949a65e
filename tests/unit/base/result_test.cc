#include "base/result.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <memory>
#include <vector>

namespace base {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Code::kInvalid, "odd: " + std::to_string(number)};
  return number / 2;
}

Result<int> quarter(int number) {
  TRY(const int once, half(number));
  TRY(const int twice, half(once));
  return twice;
}

Status check(int number) {
  const auto even = [&]() -> Status {
    TRY(const int once, half(number));
    static_cast<void>(once);
    return {};
  };
  CHECK_OK(even());
  return {};
}

TEST(Result, TryHandsTheValueOnOrTheErrorBack) {
  EXPECT_EQ(*quarter(8), 2);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kInvalid);
  EXPECT_EQ(failed.error().message, "odd: 3");
}

TEST(Result, TryMovesWhatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto take = [&]() -> Result<int> {
    TRY(const auto owned, make());
    return *owned;
  };
  EXPECT_EQ(*take(), 7);
}

TEST(Result, CheckStopsAtTheFirstError) {
  EXPECT_FALSE(check(3));
  EXPECT_TRUE(check(4));
}

TEST(Error, SaysThePlaceInFrontOfTheCause) {
  const Error error = Error{Code::kCorrupt, "bad sum"}.within("journal");
  EXPECT_EQ(error.message, "journal: bad sum");
  EXPECT_EQ(error.code, Code::kCorrupt);
}

TEST(Code, EveryOneHasItsOwnName) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) names.push_back(to_string(static_cast<Code>(i)));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
}

TEST(AssertDeathTest, ABrokenInvariantNamesItselfAndItsPlace) {
  EXPECT_DEATH(STUDIO_ASSERT(1 + 1 == 3), "result_test.cc:[0-9]+: assertion failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace base
