#include "base/ids.h"

#include <gmock/gmock.h>
#include <type_traits>
#include <unordered_set>

#include "base/unique_fd.h"

namespace base {
namespace {

TEST(Id, IsOfItsOwnKind) {
  static_assert(!std::is_convertible_v<JobId, GameId> && !std::is_constructible_v<JobId, GameId>);
  static_assert(!std::is_convertible_v<std::string, JobId>);
  EXPECT_TRUE(JobId().empty());
  EXPECT_LT(JobId("a"), JobId("b"));
  EXPECT_EQ(std::unordered_set<JobId>({JobId("a"), JobId("a"), JobId("b")}).size(), 2U);
}

TEST(Secret, IsComparedAndRevealedButNeverPrinted) {
  const Secret secret(std::string("correct horse battery staple"));
  EXPECT_EQ(secret.reveal(), "correct horse battery staple");
  EXPECT_EQ(secret, Secret(std::string("correct horse battery staple")));
  EXPECT_TRUE(Secret().empty());
  static_assert(!std::is_convertible_v<Secret, std::string>);
}

TEST(UniqueFd, ClosesOnceWhereverItTravels) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd reader(ends[0]);
  {
    UniqueFd writer(ends[1]);
    UniqueFd moved(std::move(writer));
    EXPECT_FALSE(writer);  // NOLINT(bugprone-use-after-move): this is what is tested
    writer = std::move(moved);
    EXPECT_EQ(writer.get(), ends[1]);
  }
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "the writing end is closed";
  EXPECT_EQ(reader.release(), ends[0]);
  EXPECT_FALSE(reader);
  EXPECT_EQ(::close(ends[0]), 0);
}

}  // namespace
}  // namespace base
