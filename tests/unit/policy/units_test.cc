#include "policy/rules/units.h"

#include <gtest/gtest.h>

#include "policy/rules/nearest.h"
#include "policy/rules/rule_set.h"

namespace policy::rules {
namespace {

using namespace std::chrono_literals;

TEST(Units, ReadsSizesWithTheirUnit) {
  EXPECT_EQ(*parse_size("12GiB"), 12 * base::kGiB);
  EXPECT_EQ(*parse_size(" 512 MiB "), 512 * base::kMiB);
  EXPECT_EQ(*parse_size("9.5GiB"), 19 * base::kGiB / 2);
  for (const char* text : {"", "12", "GiB", "-1GiB", "1e3GiB", "12GiB x", "12gib", "nan", "99999999GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Units, ReadsSpansWithTheirUnits) {
  EXPECT_EQ(*parse_span("20m"), base::Duration(20min));
  EXPECT_EQ(*parse_span("1h30m"), base::Duration(90min));
  EXPECT_EQ(*parse_span("0.5s"), base::Duration(500ms));
  EXPECT_EQ(*parse_span("2d"), base::Duration(48h));
  EXPECT_EQ(*parse_span(" 20 m\t"), base::Duration(20min));
  EXPECT_EQ(*parse_span("1h 30\tm"), base::Duration(90min));
  for (const char* text : {"", "20", "m", "20 mi n", "20 m x", "2 0m", "20min", "999999d"})
    EXPECT_FALSE(parse_span(text)) << text;
}

TEST(Units, WhatIsNoSpanIsToldHowToWriteIt) {
  const auto message = [](std::string_view text) { return parse_span(text).error().message; };
  EXPECT_EQ(message("15 minutes"), "unknown unit 'minutes', did you mean 'm'?");
  EXPECT_EQ(message("15"), "a unit is missing: write it like '20m'");
  EXPECT_EQ(parse_size("12G").error().message, "unknown unit 'G', did you mean 'GiB'?");
}

TEST(Units, ReadsTimesOfDay) {
  EXPECT_EQ(parse_day_time("22:05")->time, 22h + 5min);
  EXPECT_EQ(parse_day_time("24:00")->time, 24h);
  EXPECT_EQ(parse_day_time("fri 20:00")->weekday, 5U);
  for (const char* text : {"", "22", "2:00", "24:01", "12:60", "22:00 x", "fri", "friday 20:00", "22:00:00"}) {
    EXPECT_FALSE(parse_day_time(text)) << text;
  }
}

TEST(Units, ReadsWeekdays) {
  EXPECT_EQ(*parse_days("mon-fri"), 0b0111110);
  EXPECT_EQ(*parse_days("fri-mon"), 0b1100011);
  EXPECT_EQ(*parse_days("sat, sun"), 0b1000001);
  EXPECT_EQ(*parse_days("tue"), 0b0000100);
  for (const char* text : {"", "mon-", "mon,,tue", "Mon", "1"}) EXPECT_FALSE(parse_days(text)) << text;
}

TEST(Units, ReadsDates) {
  EXPECT_EQ(parse_dates("2026-12-24")->first, parse_dates("2026-12-24")->last);
  EXPECT_EQ((parse_dates("2026-12-24 .. 2027-01-02")->last - parse_dates("2026-12-24")->first).count(), 9);
  for (const char* text : {"", "2026-12", "2026-02-29", "24.12.2026", "2026-12-24 .. 2026-12-23"}) {
    EXPECT_FALSE(parse_dates(text)) << text;
  }
}

TEST(Nearest, CountsSwappedLettersAsOneSlip) {
  EXPECT_EQ(edit_distance("nihgt", "night"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(nearest("nihgt", {"office", "night"}), "night");
  EXPECT_EQ(nearest("xyz", {"office", "night"}), "");
}

TEST(Nearest, KnowsANameThatIsTheGreaterPartOfAnother) {
  EXPECT_EQ(nearest("warning", {"debug", "info", "warn", "error"}), "warn");
  EXPECT_EQ(nearest("everything", {"ever", "x"}), "");
}

TEST(Matches, KnowsOnlyTheStar) {
  EXPECT_TRUE(matches("prototype-*", "prototype-7"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches("a*b*c", "a-b-b"));
  EXPECT_FALSE(matches("a?c", "abc"));
  EXPECT_FALSE(matches("ember", "ember-keep"));
}

}  // namespace
}  // namespace policy::rules
