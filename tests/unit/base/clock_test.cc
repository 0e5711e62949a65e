#include "base/clock.h"

#include <gmock/gmock.h>
#include <set>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"

namespace base {
namespace {

using namespace std::chrono_literals;

TEST(FormatUtc, IsRfc3339WithMilliseconds) {
  EXPECT_EQ(format_utc(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_utc(WallTime{1709547072345ms}), "2024-03-04T10:11:12.345Z");
  EXPECT_EQ(format_utc(WallTime{1709164799999ms + 999999ns}), "2024-02-28T23:59:59.999Z");
  EXPECT_EQ(format_utc(WallTime{1709164800000ms}), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(format_utc(WallTime{-1ms}), "1969-12-31T23:59:59.999Z");
}

TEST(Random, StaysBelowItsBoundAndReachesAllOfIt) {
  const auto random = make_system_random();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 2000; ++i) seen.insert(random->below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
  EXPECT_EQ(random->below(1), 0U);
  EXPECT_LT(random->below(UINT64_MAX), UINT64_MAX);
}

TEST(RandomHex, IsLowerCaseAndNeverTheSame) {
  const std::string first = random_hex(32);
  EXPECT_EQ(first.size(), 64U);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(first, random_hex(32));
  EXPECT_EQ(random_hex(0), "");
}

asio::awaitable<void> sleep(Clock* clock, SteadyTime until, bool* woke) {
  co_await clock->sleep_until(until);
  *woke = true;
}

TEST(SystemClock, WakesAtTheTimeAndNotBefore) {
  asio::io_context io;
  const auto clock = make_system_clock();
  bool woke = false;
  const auto until = clock->now() + 5ms;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("sleep", sleep(clock.get(), until, &woke));
  io.run();
  EXPECT_TRUE(woke);
  EXPECT_GE(clock->now(), until);
}

TEST(SystemClock, ACancelledSleepEndsAtOnce) {
  asio::io_context io;
  const auto clock = make_system_clock();
  bool woke = false;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("sleep", sleep(clock.get(), clock->now() + std::chrono::hours(10), &woke));
  io.poll();
  tasks.cancel_all();
  io.run();
  EXPECT_EQ(tasks.size(), 0U);
}

}  // namespace
}  // namespace base
