#include "studio/backoff.h"

#include <gtest/gtest.h>

#include "fakes/virtual_clock.h"

namespace {

using namespace std::chrono_literals;

/// Always the largest value, to see the window itself.
class Highest final : public base::Random {
 public:
  std::uint64_t below(std::uint64_t bound) override { return bound - 1; }
};

TEST(Backoff, TheWindowDoublesFromOneSecondToSixtyFour) {
  Highest random;
  studio::Backoff backoff(random);
  for (const auto window : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 64s, 64s}) {
    EXPECT_EQ(backoff.next(), base::Duration(window) - 1ns);
  }
}

TEST(Backoff, JitterFillsTheWholeWindow) {
  fakes::SeededRandom random(1);
  base::Duration smallest = 1h;
  base::Duration largest{};
  for (int i = 0; i < 1000; ++i) {
    studio::Backoff backoff(random);
    const auto pause = backoff.next();
    smallest = std::min(smallest, pause);
    largest = std::max(largest, pause);
  }
  EXPECT_LT(smallest, 20ms);
  EXPECT_GT(largest, 980ms);
}

TEST(Backoff, RetryAfterIsAFloor) {
  fakes::SeededRandom random(1);
  studio::Backoff backoff(random);
  EXPECT_EQ(backoff.next(30s), 30s);
}

TEST(Backoff, N11_OnlyALinkThatLivedTheLongestWindowStartsAfresh) {
  Highest random;
  studio::Backoff backoff(random);
  for (int i = 0; i < 3; ++i) static_cast<void>(backoff.next());
  backoff.lived(63s);
  EXPECT_EQ(backoff.failures(), 3U);
  EXPECT_GT(backoff.next(), 7s);
  backoff.lived(64s);
  EXPECT_EQ(backoff.failures(), 0U);
  EXPECT_LT(backoff.next(), 1s);
}

TEST(Backoff, N11_ALinkThatFlapsEveryTwoSecondsIsTriedFewerThanTwentyTimesInFiveMinutes) {
  fakes::SeededRandom random(7);
  constexpr int kRuns = 1000;
  int patient = 0;
  for (int run = 0; run < kRuns; ++run) {
    studio::Backoff backoff(random);
    base::Duration passed{};
    int connects = 0;
    while (passed < 5min) {
      ++connects;
      passed += 2s;
      backoff.lived(2s);
      passed += backoff.next();
    }
    if (connects < 20) ++patient;
    EXPECT_LT(connects, 25);
  }
  // Full jitter draws short pauses in a row now and then: a few runs in a thousand need one or two tries more.
  EXPECT_GE(patient, kRuns * 99 / 100);
}

}  // namespace
