#include "worker/house_rules.h"

#include <gmock/gmock.h>

namespace {

using namespace std::chrono_literals;

const base::JobId kJob("job-1");
const base::SteadyTime kNow{};

TEST(HouseRules, ObjectToNothingByDefault) {
  worker::HouseRules rules(true, false, "config.toml");
  EXPECT_TRUE(rules.decide(kJob, kNow).accepted);
  EXPECT_TRUE(rules.claiming(kNow));
}

TEST(HouseRules, ADisabledWorkerNamesItsKey) {
  worker::HouseRules rules(false, false, "config.toml");
  const auto decision = rules.decide(kJob, kNow);
  EXPECT_FALSE(decision.accepted);
  EXPECT_EQ(decision.code, job::RejectCode::kPaused);
  EXPECT_EQ(decision.rule, "config.toml: auto_enabled");
  EXPECT_FALSE(rules.claiming(kNow));
}

TEST(HouseRules, AnUnknownPresenceIsNotAnIdleOne) {
  worker::HouseRules rules(true, true, "config.toml");
  const auto decision = rules.decide(kJob, kNow);
  EXPECT_FALSE(decision.accepted);
  EXPECT_EQ(decision.code, job::RejectCode::kPaused);
  EXPECT_EQ(decision.rule, "config.toml: only_when_idle");
}

TEST(HouseRules, APauseHasTheContractsReasonAndAnEnd) {
  worker::HouseRules rules(true, false, "config.toml");
  rules.pause(kNow + 2h);
  EXPECT_EQ(rules.decide(kJob, kNow).reason, "worker paused by operator");
  EXPECT_EQ(rules.paused_until(), kNow + 2h);
  EXPECT_TRUE(rules.decide(kJob, kNow + 2h).accepted);
  rules.pause(std::nullopt);
  EXPECT_FALSE(rules.decide(kJob, kNow + 1000h).accepted);
  rules.resume();
  EXPECT_TRUE(rules.decide(kJob, kNow).accepted);
}

TEST(HouseRules, ADrainTellsTheFirstReasonAndHasNoWayBack) {
  worker::HouseRules rules(true, false, "config.toml");
  rules.drain("worker is shutting down");
  rules.drain("another reason");
  rules.resume();
  EXPECT_EQ(rules.decide(kJob, kNow).reason, "worker is shutting down");
}

TEST(HouseRules, AJobHeldBackIsAnsweredPausedForThirtySeconds) {
  worker::HouseRules rules(true, false, "config.toml");
  rules.hold_back(kJob, "declined a moment ago", kNow);
  const auto verdict = rules.decide(kJob, kNow + 29s);
  EXPECT_EQ(verdict.code, job::RejectCode::kPaused);
  EXPECT_EQ(verdict.reason, "declined a moment ago");
  EXPECT_TRUE(rules.decide(base::JobId("job-2"), kNow + 29s).accepted);
  EXPECT_TRUE(rules.decide(kJob, kNow + 30s).accepted);
}

TEST(HouseRules, AJobHeldBackAgainWaitsFromTheLastTime) {
  worker::HouseRules rules(true, false, "config.toml");
  rules.hold_back(kJob, "declined a moment ago", kNow);
  rules.hold_back(kJob, "delivered a moment ago", kNow + 20s);
  EXPECT_EQ(rules.decide(kJob, kNow + 40s).reason, "delivered a moment ago");
  EXPECT_TRUE(rules.decide(kJob, kNow + 50s).accepted);
}

}  // namespace
