#include "policy/rules/calendar.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "policy_fixture.h"

namespace policy::test {
namespace {

using namespace std::chrono_literals;
using rules::AcceptDuring;
using rules::Calendar;
using rules::DateSet;
using rules::Window;
using rules::Zone;

Calendar calendar_in(const char* zone) {
  auto found = Zone::find(zone);
  EXPECT_TRUE(found);
  return Calendar(std::move(*found));
}

/// Minutes of [from, to) at which claiming is open.
long open_minutes(const Calendar& calendar, const AcceptDuring& rule, base::WallTime from, base::WallTime to) {
  long minutes = 0;
  for (auto now = from; now < to;) {
    const auto opening = calendar.opening(rule, now);
    const auto until = std::min(to, opening.valid.end);
    if (opening.open) minutes += std::chrono::duration_cast<std::chrono::minutes>(until - now).count();
    now = until;
  }
  return minutes;
}

Calendar example_calendar() {
  auto calendar = calendar_in("Europe/Berlin");
  calendar.add(Window{.name = "night", .from = 22h, .until = 31h});
  calendar.add(Window{.name = "weekend", .days = 1U << 5, .from = 20h, .until = 3 * 24h + 7h});
  return calendar;
}

TEST(Calendar, TheExampleWeekIsOpenForTheExpectedMinutes) {
  const auto calendar = example_calendar();
  const AcceptDuring rule{.names = {"night", "weekend"}};
  // Weeks from Monday 00:00 to Monday 00:00 in Berlin.
  EXPECT_EQ(open_minutes(calendar, rule, utc(2026, 3, 15, 23), utc(2026, 3, 22, 23)), 5700);
  EXPECT_EQ(open_minutes(calendar, rule, utc(2026, 3, 22, 23), utc(2026, 3, 29, 22)), 5640);
  EXPECT_EQ(open_minutes(calendar, rule, utc(2026, 10, 18, 22), utc(2026, 10, 25, 23)), 5760);
}

TEST(Calendar, WindowsAreHalfOpen) {
  auto calendar = calendar_in("Europe/Berlin");
  calendar.add(Window{.name = "night", .from = 22h, .until = 31h});
  EXPECT_FALSE(calendar.inside("night", utc(2026, 3, 24, 20, 59)));
  EXPECT_TRUE(calendar.inside("night", utc(2026, 3, 24, 21, 0)));
  EXPECT_TRUE(calendar.inside("night", utc(2026, 3, 25, 5, 59)));
  EXPECT_FALSE(calendar.inside("night", utc(2026, 3, 25, 6, 0)));
}

TEST(Calendar, ANightBelongsToTheDayOnWhichItStarts) {
  auto calendar = calendar_in("UTC");
  calendar.add(Window{.name = "friday night", .days = 1U << 5, .from = 22h, .until = 30h});
  EXPECT_FALSE(calendar.inside("friday night", utc(2026, 3, 27, 3)));  // Friday, in the night of Thursday
  EXPECT_TRUE(calendar.inside("friday night", utc(2026, 3, 27, 23)));
  EXPECT_TRUE(calendar.inside("friday night", utc(2026, 3, 28, 3)));
  EXPECT_FALSE(calendar.inside("friday night", utc(2026, 3, 28, 23)));
}

TEST(Calendar, AMissingTimeMovesToTheFirstInstantAfterTheGap) {
  auto calendar = calendar_in("Europe/Berlin");
  calendar.add(Window{.name = "early", .from = 2h + 30min, .until = 5h});
  EXPECT_FALSE(calendar.inside("early", utc(2026, 3, 29, 0, 59)));
  EXPECT_TRUE(calendar.inside("early", utc(2026, 3, 29, 1, 0)));  // 03:00, the first minute of summer time
  EXPECT_FALSE(calendar.inside("early", utc(2026, 3, 29, 3, 0)));
}

TEST(Calendar, ADoubledTimeMeansItsFirstOccurrence) {
  auto calendar = calendar_in("Europe/Berlin");
  calendar.add(Window{.name = "early", .from = 2h + 30min, .until = 3h});
  EXPECT_FALSE(calendar.inside("early", utc(2026, 10, 25, 0, 29)));
  EXPECT_TRUE(calendar.inside("early", utc(2026, 10, 25, 0, 30)));
  EXPECT_TRUE(calendar.inside("early", utc(2026, 10, 25, 1, 59)));
  EXPECT_FALSE(calendar.inside("early", utc(2026, 10, 25, 2, 0)));
}

TEST(Calendar, LastsIsElapsedTime) {
  auto calendar = calendar_in("Europe/Berlin");
  calendar.add(Window{.name = "shift", .from = 23h, .lasts = 8h});
  EXPECT_TRUE(calendar.inside("shift", utc(2026, 3, 29, 5, 59)));  // 07:59 summer time
  EXPECT_FALSE(calendar.inside("shift", utc(2026, 3, 29, 6, 0)));
}

TEST(Calendar, AnExceptedDateDropsTheOccurrencesThatStartOnIt) {
  auto calendar = calendar_in("UTC");
  calendar.add(Window{.name = "night", .from = 22h, .until = 30h});
  calendar.add(DateSet{.name = "holiday", .ranges = {*rules::parse_dates("2026-03-25")}});
  const AcceptDuring rule{.names = {"night"}, .except = {"holiday"}};
  EXPECT_TRUE(calendar.opening(rule, utc(2026, 3, 25, 3)).open);  // began the day before
  const auto dropped = calendar.opening(rule, utc(2026, 3, 25, 23));
  EXPECT_FALSE(dropped.open);
  EXPECT_EQ(dropped.closed_by, "holiday");
  EXPECT_EQ(dropped.window, "night");
  EXPECT_EQ(dropped.valid.end, utc(2026, 3, 26, 22));
  EXPECT_FALSE(calendar.opening(rule, utc(2026, 3, 26, 3)).open);
  EXPECT_TRUE(calendar.opening(rule, utc(2026, 3, 26, 23)).open);
}

TEST(Calendar, AnExceptedWindowTakesItsTimeAway) {
  auto calendar = calendar_in("UTC");
  calendar.add(Window{.name = "day", .until = 24h});
  calendar.add(Window{.name = "backup", .from = 3h, .until = 4h});
  const AcceptDuring rule{.names = {"day"}, .except = {"backup"}};
  EXPECT_EQ(calendar.opening(rule, utc(2026, 3, 25, 2)).valid,
            (rules::Interval{utc(2026, 3, 24, 4), utc(2026, 3, 25, 3)}));
  EXPECT_EQ(calendar.opening(rule, utc(2026, 3, 25, 3)).closed_by, "backup");
  EXPECT_TRUE(calendar.opening(rule, utc(2026, 3, 25, 4)).open);
}

TEST(Calendar, DatesAloneAreWholeDays) {
  auto calendar = calendar_in("America/New_York");
  calendar.add(DateSet{.name = "jam", .ranges = {*rules::parse_dates("2026-03-25 .. 2026-03-26")}});
  const AcceptDuring rule{.names = {"jam"}};
  EXPECT_FALSE(calendar.opening(rule, utc(2026, 3, 25, 3, 59)).open);
  EXPECT_TRUE(calendar.opening(rule, utc(2026, 3, 25, 4, 0)).open);
  EXPECT_TRUE(calendar.opening(rule, utc(2026, 3, 27, 3, 59)).open);
  EXPECT_FALSE(calendar.opening(rule, utc(2026, 3, 27, 4, 0)).open);
  EXPECT_TRUE(calendar.inside("jam", utc(2026, 3, 26, 12)));
}

TEST(Calendar, NothingOpensWithoutAnOccurrenceInReach) {
  auto calendar = calendar_in("UTC");
  calendar.add(DateSet{.name = "past", .ranges = {*rules::parse_dates("2020-01-01")}});
  const auto opening = calendar.opening({.names = {"past"}}, utc(2026, 3, 25));
  EXPECT_FALSE(opening.open);
  EXPECT_FALSE(opening.bounded);
  EXPECT_EQ(opening.window, "");
}

TEST(Calendar, AnAnswerFromTheCacheSurvivesAClockThatGoesBack) {
  auto calendar = calendar_in("UTC");
  calendar.add(Window{.name = "night", .from = 22h, .until = 30h});
  EXPECT_TRUE(calendar.inside("night", utc(2026, 3, 25, 23)));
  EXPECT_FALSE(calendar.inside("night", utc(2026, 3, 25, 21)));
  EXPECT_TRUE(calendar.inside("night", utc(2026, 3, 25, 5)));
  EXPECT_FALSE(calendar.inside("night", utc(2026, 3, 25, 7)));
}

/// The C library's clock for each minute of a range: a second opinion that shares no code with Zone.
class LocalMinutes {
 public:
  LocalMinutes(const char* zone, base::WallTime from, base::WallTime to) : from_(from) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    for (auto now = from; now < to; now += 1min) {
      const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
      std::tm local{};
      ::localtime_r(&seconds, &local);
      const std::chrono::year_month_day date{std::chrono::year(local.tm_year + 1900),
                                             std::chrono::month(static_cast<unsigned>(local.tm_mon + 1)),
                                             std::chrono::day(static_cast<unsigned>(local.tm_mday))};
      minutes_.push_back(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(local.tm_hour) +
                         std::chrono::minutes(local.tm_min));
      highest_.push_back(highest_.empty() ? minutes_.back() : std::max(highest_.back(), minutes_.back()));
    }
    ::unsetenv("TZ");
    ::tzset();
  }

  /// The first minute at which the clocks show `local` or more.
  std::size_t first(std::chrono::minutes local) const {
    return static_cast<std::size_t>(std::lower_bound(highest_.begin(), highest_.end(), local) - highest_.begin());
  }
  std::size_t size() const { return minutes_.size(); }
  std::chrono::sys_days day(std::size_t minute) const {
    return std::chrono::sys_days(std::chrono::floor<std::chrono::days>(minutes_.at(minute)));
  }
  base::WallTime instant(std::size_t minute) const { return from_ + std::chrono::minutes(minute); }

 private:
  base::WallTime from_;
  std::vector<std::chrono::minutes> minutes_;  // since the epoch of the local calendar
  std::vector<std::chrono::minutes> highest_;  // so far
};

/// Marks the minutes of every occurrence of the window, found by walking through the days.
std::vector<bool> reference(const LocalMinutes& clock, const Window& window) {
  std::vector<bool> inside(clock.size());
  for (auto day = clock.day(0); day <= clock.day(clock.size() - 1); day += std::chrono::days(1)) {
    const auto weekday = std::chrono::weekday(day).c_encoding();
    if ((window.days >> weekday & 1) == 0) continue;
    const auto start = clock.first(day.time_since_epoch() + window.from);
    auto end = clock.first(day.time_since_epoch() + window.until);
    if (window.lasts) {
      end = start + static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::minutes>(*window.lasts).count());
    }
    for (auto minute = start; minute < std::min(end, clock.size()); ++minute) inside[minute] = true;
  }
  return inside;
}

Window random_window(std::mt19937& random) {
  const auto below = [&](unsigned bound) { return static_cast<int>(random() % bound); };
  Window window{.name = "w"};
  window.days = static_cast<rules::DaySet>(1 + below(127));
  window.from = std::chrono::minutes(below(24 * 12) * 5);
  window.until = window.from + std::chrono::minutes(5 + 5 * below(24 * 12 - 1));
  if (below(4) == 0) window.until += std::chrono::days(below(6));
  if (below(4) == 0) window.lasts = std::chrono::minutes(5 + 5 * below(7 * 24 * 12 - 1));
  if (below(3) == 0) window.from = 1h + std::chrono::minutes(below(24) * 5);  // where clocks change
  if (window.until <= window.from) window.until = window.from + 45min;
  return window;
}

struct Period {
  const char* zone;
  base::WallTime from;
};

class CalendarAgainstTheClock : public ::testing::TestWithParam<Period> {};

TEST_P(CalendarAgainstTheClock, AgreesInEveryMinute) {
  const auto& [zone, from] = GetParam();
  constexpr std::size_t kMargin = 10UL * 24 * 60;  // occurrences that began before the range are not in the reference
  const LocalMinutes clock(zone, from, from + 31 * 24h);
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    const Window window = random_window(random);
    auto calendar = calendar_in(zone);
    calendar.add(window);
    const auto expected = reference(clock, window);
    const AcceptDuring rule{.names = {"w"}};
    const auto whole = calendar.open_times(rule, {clock.instant(kMargin), clock.instant(clock.size() - kMargin)});
    auto next = whole.begin();
    rules::Opening opening;
    for (std::size_t minute = kMargin; minute + kMargin < clock.size(); ++minute) {
      const auto now = clock.instant(minute);
      if (!opening.valid.contains(now)) opening = calendar.opening(rule, now);
      ASSERT_EQ(calendar.inside("w", now), expected[minute])
          << zone << " round " << round << " " << rules::format_local(calendar.zone(), now) << " from "
          << window.from.count() << " until " << window.until.count() << " days " << int(window.days);
      ASSERT_EQ(opening.open, expected[minute]) << zone << " round " << round << " minute " << minute;
      while (next != whole.end() && next->end <= now) ++next;
      ASSERT_EQ(next != whole.end() && next->contains(now), expected[minute]) << zone << " round " << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Calendar, CalendarAgainstTheClock,
    ::testing::Values(Period{"Europe/Berlin", utc(2026, 3, 14)}, Period{"Europe/Berlin", utc(2026, 10, 10)},
                      Period{"America/New_York", utc(2026, 2, 21)}, Period{"America/New_York", utc(2026, 10, 17)},
                      Period{"Australia/Lord_Howe", utc(2026, 3, 21)}, Period{"Australia/Lord_Howe", utc(2026, 9, 19)},
                      Period{"Antarctica/Troll", utc(2026, 3, 14)}, Period{"Asia/Kathmandu", utc(2026, 5, 1)},
                      Period{"Pacific/Chatham", utc(2026, 9, 12)}, Period{"Africa/Casablanca", utc(2026, 2, 1)},
                      Period{"Pacific/Apia", utc(2011, 12, 15)}, Period{"America/St_Johns", utc(2026, 2, 21)},
                      Period{"Asia/Tehran", utc(2022, 3, 7)}, Period{"UTC", utc(2027, 12, 20)}));

}  // namespace
}  // namespace policy::test
