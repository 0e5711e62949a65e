#include "job/result.h"

#include <gmock/gmock.h>

#include "job/decision.h"

namespace job {
namespace {

TEST(Outcome, HasWordsForPeople) {
  EXPECT_EQ(to_string(Outcome::kDelivered), "delivered");
  EXPECT_EQ(to_string(Outcome::kFailed), "failed");
  EXPECT_EQ(to_string(Outcome::kHandedBack), "handed back");
  EXPECT_EQ(to_string(Outcome::kSuperseded), "superseded");
}

TEST(Vote, HasWordsForPeople) {
  EXPECT_EQ(to_string(Vote::kPass), "pass");
  EXPECT_EQ(to_string(Vote::kDecline), "decline");
  EXPECT_EQ(to_string(Vote::kAccept), "accept");
  EXPECT_EQ(to_string(Vote::kNoOpinion), "no opinion");
  EXPECT_EQ(to_string(Vote::kSkipped), "skipped");
}

}  // namespace
}  // namespace job
