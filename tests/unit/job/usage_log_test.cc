#include "job/usage_log.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

namespace job {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime kStart = std::chrono::sys_days(std::chrono::year(2026) / 3 / 25);

TEST(UsageLog, AJobCountsOnceAtItsFirstTime) {
  UsageLog log;
  log.add(base::JobId("1"), base::GameId("a"), kStart, 10min);
  log.add(base::JobId("1"), base::GameId("a"), kStart + 1h, 10min);
  log.add(base::JobId("2"), base::GameId("b"), kStart + 2h, 0min);
  const auto all = log.since(kStart, kStart + 3h);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].game, "a");
  EXPECT_EQ(all[0].used, (Used{1, 10min}));
  const auto later = log.since(kStart + 1ns, kStart + 3h);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].game, "b");
}

TEST(UsageLog, AnswersAsIfEverythingWereAddedUpAnew) {
  std::mt19937 random(7);
  UsageLog log;
  std::vector<std::pair<base::WallTime, std::string>> jobs;
  for (int i = 0; i < 2000; ++i) {
    const auto at = kStart + std::chrono::minutes(i);
    jobs.emplace_back(at, "game-" + std::to_string(random() % 9));
    log.add(base::JobId(std::to_string(i)), base::GameId(jobs.back().second), at, 1min);
    // More starts than are kept.
    const auto start = kStart + std::chrono::minutes(60 * (random() % 34));
    std::map<std::string, Used> expected;
    for (const auto& [when, game] : jobs) {
      if (when >= start) expected[game].add({1, 1min});
    }
    std::map<std::string, Used> told;
    for (const GameUse& use : log.since(start, at)) told[std::string(use.game)] = use.used;
    ASSERT_EQ(told, expected) << i;
  }
}

}  // namespace
}  // namespace job
