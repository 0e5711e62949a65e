// policy simulate: open, paused and bounded times of the real policy on a virtual clock, and how they are shown.
#include "policy/calendar_view/outlook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/calendar_view/intervals.h"
#include "policy/inspect.h"
#include "policy_fixture.h"

namespace policy::calendar_view {
namespace {

using namespace std::chrono_literals;
using test::utc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr base::Bytes kGiB = base::kGiB;

Wanted week_of(std::string day, std::vector<Visit> visits = {}) {
  Wanted wanted{.from = std::move(day), .whole_week = true, .visits = std::move(visits)};
  wanted.cards.push_back({.name = "card", .total = 20 * kGiB});
  return wanted;
}

Visit visit(std::string_view text) {
  auto parsed = parse_visit(text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : Visit();
}

Outlook look(PolicyRuntime& policy, const Wanted& wanted) {
  auto outlook = look_ahead(policy, wanted, utc(2026, 3, 25, 12));
  EXPECT_TRUE(outlook) << outlook.error().message;
  return outlook ? std::move(*outlook) : Outlook();
}

Outlook look_at_shipped(const Wanted& wanted) {
  const auto policy = open_policy(STUDIO_SOURCE_DIR "/policies");
  return look(**policy, wanted);
}

std::vector<std::string> starts(const Outlook& outlook) {
  std::vector<std::string> texts;
  for (const Budget& one : outlook.budget) {
    texts.push_back(base::format_utc(one.when.start).substr(0, 16) + " " +
                    (one.bytes ? std::to_string(*one.bytes / kGiB) : "all") + " " + one.rule);
  }
  return texts;
}

TEST(Outlook, AWeekBeginsOnItsMonday) {
  for (const char* day : {"2026-03-23", "2026-03-25", "2026-03-29"}) {
    const auto outlook = look_at_shipped(week_of(day));
    EXPECT_EQ(outlook.first, std::chrono::sys_days(std::chrono::year(2026) / 3 / 23)) << day;
    EXPECT_EQ(outlook.days, 7);
  }
}

TEST(Outlook, OpenMinutesOfThreeKindsOfWeek) {
  EXPECT_EQ(minutes_in(look_at_shipped(week_of("2026-03-16")).open), 5700);
  const auto spring = look_at_shipped(week_of("2026-03-23"));
  EXPECT_EQ(minutes_in(spring.open), 5640);
  EXPECT_EQ(minutes_in({spring.range}), 10020);
  EXPECT_EQ(minutes_in(look_at_shipped(week_of("2026-10-19")).open), 5760);
  EXPECT_EQ(minutes_in(look_at_shipped(week_of("2026-11-16")).open), 18 * 60);
}

TEST(Outlook, AProgramPausesAndALittleLongerToTheSecond) {
  const auto outlook = look_at_shipped(week_of("2026-03-23", {visit("maya@tue2-5")}));
  ASSERT_EQ(outlook.paused.size(), 1U);
  EXPECT_EQ(outlook.paused[0].title, "artist is working");
  EXPECT_EQ(outlook.paused[0].rule, "30-pause.lua:2");
  EXPECT_EQ(outlook.paused[0].when, (rules::Interval{utc(2026, 3, 24, 1), utc(2026, 3, 24, 4, 5)}));
  EXPECT_EQ(minutes_in(outlook.taking) - minutes_in(outlook.claims), 185);
}

TEST(Outlook, NothingNewBeginsTooCloseToAnEnd) {
  const auto policy = test::load(
      "worker.zone 'UTC'\n"
      "worker.window 'night' { from = '22:00', to = '00:15' }\n"
      "worker.window 'short' { from = '12:00', to = '12:30' }\n"
      "worker.accept_during { 'night', 'short', finish_before_end = '30m' }");
  const auto outlook = look(*policy, {.from = "2026-03-24", .days = 1});
  EXPECT_THAT(outlook.open, ElementsAre(rules::Interval{utc(2026, 3, 24), utc(2026, 3, 24, 0, 15)},
                                        rules::Interval{utc(2026, 3, 24, 12), utc(2026, 3, 24, 12, 30)},
                                        rules::Interval{utc(2026, 3, 24, 22), utc(2026, 3, 25)}));
  EXPECT_THAT(outlook.claims, ElementsAre(rules::Interval{utc(2026, 3, 24, 22), utc(2026, 3, 24, 23, 45)}));
  const auto text = to_text(outlook, false);
  EXPECT_THAT(text, HasSubstr("tue 2026-03-24  -.......................-...................###+"));
  EXPECT_THAT(text, HasSubstr("- too close to an end"));
  EXPECT_THAT(text, HasSubstr(", claims for 1 h 45 min\n    the rest: 1 h too close to an end\n"));
  EXPECT_THAT(*to_svg(outlook), HasSubstr("no new job 12:00\u201312:30, too close to the end"));
}

TEST(Outlook, ADayThatAZoneSkipsIsNotShown) {
  const auto policy = test::load("worker.zone 'Pacific/Apia'");
  const auto text = to_text(look(*policy, week_of("2011-12-26")), false);
  EXPECT_THAT(text, Not(HasSubstr("2011-12-30")));
  EXPECT_THAT(text, HasSubstr("sat 2011-12-31  ################################################  24:00 h 00:00-24:00\n"
                              "                the day before is missing: the clocks go forward\n"));
  EXPECT_THAT(text, HasSubstr("open in 8640 of 8640 minutes"));
}

TEST(Outlook, DelaysThatAreNoWholeMinutesAreExact) {
  const auto policy = test::load(
      "worker.zone 'UTC'\n"
      "worker.window 'noon' { from = '12:00', to = '13:00' }\n"
      "worker.pause_when 'a' { apps = 'maya', start_after = '17s', resume_after = '90s' }\n"
      "worker.pause_when 'b' { during = 'noon', start_after = '33s' }\n"
      "worker.on('budget', function() end)");
  Wanted wanted{.from = "2026-03-24", .days = 1, .visits = {visit("maya@mon-sun 22-2")}};
  const auto outlook = look(*policy, wanted);
  ASSERT_EQ(outlook.paused.size(), 3U);
  EXPECT_EQ(outlook.paused[0].when, (rules::Interval{utc(2026, 3, 24), utc(2026, 3, 24, 2, 1) + 30s}));
  EXPECT_EQ(outlook.paused[1].when, (rules::Interval{utc(2026, 3, 24, 12) + 33s, utc(2026, 3, 24, 13)}));
  EXPECT_EQ(outlook.paused[2].when, (rules::Interval{utc(2026, 3, 24, 22) + 17s, utc(2026, 3, 25)}));
}

TEST(Outlook, TheBudgetHasItsRules) {
  auto wanted = week_of("2026-03-24");
  wanted.whole_week = false;
  wanted.days = 1;
  EXPECT_THAT(starts(look_at_shipped(wanted)),
              ElementsAre("2026-03-23T23:00 18 40-vram.lua:2", "2026-03-24T08:00 8 40-vram.lua:3",
                          "2026-03-24T18:00 18 40-vram.lua:2"));
  const auto policy = test::load(
      "worker.on('budget', function(gpu)\n"
      "  if worker.in_window 'late' then return gpu.total / 2 end\n"
      "end)\n"
      "worker.zone 'UTC'\n"
      "worker.window 'late' { from = '23:10', to = '23:11' }");
  EXPECT_THAT(starts(look(*policy, wanted)),
              ElementsAre("2026-03-24T00:00 all ", "2026-03-24T23:10 10 p.lua:2", "2026-03-24T23:11 all "));
}

TEST(Outlook, ABoundOfNamedCardsLeavesTheOthersWhole) {
  const auto policy = test::load(
      "worker.window 'office' { from = '09:00', to = '19:00' }\n"
      "worker.vram { at_most = '6GiB', gpus = { 1 }, during = 'office' }");
  Wanted wanted{.days = 1};
  wanted.cards = {{.index = 0, .name = "a", .total = 20 * kGiB}, {.index = 1, .name = "b", .total = 12 * kGiB}};
  const auto outlook = look(*policy, wanted);
  ASSERT_EQ(outlook.budget.size(), 3U);
  EXPECT_EQ(outlook.budget[0].bytes, std::nullopt);
  EXPECT_EQ(outlook.budget[1].bytes, 26 * kGiB);
  EXPECT_EQ(outlook.budget[1].when.end - outlook.budget[1].when.start, std::chrono::hours(10));
}

TEST(Outlook, ClockChangesAreMarkedToTheSecond) {
  const auto spring = look_at_shipped(week_of("2026-03-29"));
  ASSERT_EQ(spring.clock_changes.size(), 1U);
  EXPECT_EQ(spring.clock_changes[0].at, utc(2026, 3, 29, 1));
  EXPECT_EQ(spring.clock_changes[0].by, 60min);
  const auto lord_howe = test::load("worker.zone 'Australia/Lord_Howe'");
  const auto april = look(*lord_howe, week_of("2026-04-05"));
  ASSERT_EQ(april.clock_changes.size(), 1U);
  EXPECT_EQ(april.clock_changes[0].by, -30min);
  EXPECT_THAT(to_text(april, false), HasSubstr("01:30-02:00 comes twice: the clocks go back"));
  const auto beirut = test::load("worker.zone 'Asia/Beirut'");
  EXPECT_THAT(to_text(look(*beirut, week_of("2026-03-29")), false),
              HasSubstr("00:00-01:00 is missing: the clocks go forward"));
}

TEST(Outlook, TheTextFitsAHundredColumnsAndSaysEverything) {
  const auto outlook = look_at_shipped(week_of("2026-03-23", {visit("maya@tue2-5"), visit("maya@mon-fri21:50-23")}));
  const auto text = to_text(outlook, false);
  EXPECT_THAT(text, HasSubstr("Europe/Berlin  mon 2026-03-23 .. sun 2026-03-29\n"));
  EXPECT_THAT(text, HasSubstr("tue 2026-03-24  ####======+##+..............................==+#   4:40 h"));
  EXPECT_THAT(text, HasSubstr("sun 2026-03-29  ####  ##########################################  23:00 h 00:00-24:00\n"
                              "                02:00-03:00 is missing: the clocks go forward\n"));
  EXPECT_THAT(text,
              HasSubstr("paused   \"artist is working\"  30-pause.lua:2\n"
                        "         mon 21:50-23:05  tue 02:00-05:05  tue 21:50-23:05  wed 21:50-23:05  and 2 more\n"));
  EXPECT_THAT(text, HasSubstr("         mon-fri  00:00 18 GiB  09:00 8 GiB  19:00 18 GiB\n"
                              "         sat-sun  00:00 18 GiB\n"));
  EXPECT_THAT(text, HasSubstr("open in 5640 of 10020 minutes (56 %), claims for 84 h 30 min\n"
                              "    the rest: 8 h 40 min paused, 50 min too close to an end\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  std::size_t longest = 0;
  for (std::size_t from = 0, end = 0; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
    longest = std::max(longest, end - from);
  }
  EXPECT_LE(longest, 100U);
  EXPECT_THAT(to_text(outlook, true), HasSubstr("\x1b[33m"));
}

TEST(Outlook, ThePictureIsTextThatNobodyCanBreakOutOf) {
  const auto policy = test::load(
      "worker.zone 'UTC'\n"
      "worker.pause_when '<script>\"&' { apps = 'maya' }");
  const auto outlook = look(*policy, week_of("2026-03-23", {visit("maya@tue2-9")}));
  const auto svg = to_svg(outlook);
  ASSERT_TRUE(svg) << svg.error().message;
  EXPECT_THAT(*svg, HasSubstr("&lt;script&gt;&quot;&amp;"));
  EXPECT_THAT(*svg, Not(HasSubstr("<script")));
  EXPECT_THAT(*svg, HasSubstr("role=\"img\" aria-labelledby=\"title desc\""));
  EXPECT_THAT(*svg, HasSubstr("Tuesday: 00:00–02:00, 09:00–24:00."));
  Wanted long_time{.from = "2026-03-23", .days = kMostDrawnDays + 1};
  EXPECT_FALSE(to_svg(look(*policy, long_time)));
}

TEST(Outlook, WhatIsWrongIsSaid) {
  const auto policy = test::load("worker.pause_when 'x' { apps = 'maya*' }");
  for (const char* day : {"tomorrow", "2026-02-30", "2026-03-01 .. 2026-03-02"}) {
    EXPECT_FALSE(look_ahead(*policy, {.from = day}, {})) << day;
  }
  EXPECT_FALSE(look_ahead(*policy, {.days = 0}, {}));
  Wanted wanted{.visits = {visit("Maya.exe@mon9-10"), visit("nuke@mon9-10")}};
  EXPECT_THAT(look(*policy, wanted).apps_nobody_asks_about, ElementsAre("nuke"));
  const auto failing = test::load("worker.on('pause', function() error 'no' end)");
  EXPECT_THAT(look(*failing, {.days = 1}).error, HasSubstr("p.lua:2: no"));
}

TEST(Visit, IsAProgramOnDaysFromATimeToAnother) {
  const auto tuesday = visit("maya@tue14-17");
  EXPECT_EQ(tuesday.app, "maya");
  EXPECT_EQ(tuesday.days, 1U << 2U);
  EXPECT_EQ(tuesday.from, 14h);
  EXPECT_EQ(tuesday.until, 17h);
  const auto days = visit("a@b.exe@mon-fri 9:30-18:00");
  EXPECT_EQ(days.app, "a@b.exe");
  EXPECT_EQ(days.days, 0x3E);
  EXPECT_EQ(days.from, 9h + 30min);
  for (const char* bad : {"maya", "@tue14-17", "maya@14-17", "maya@tue14", "maya@tue14-14", "maya@tue14-25",
                          "maya@xyz14-17", "maya@tue14-17x", "maya@tue14--17", ""}) {
    const auto parsed = parse_visit(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error().message, HasSubstr("write it as maya@tue14-17"));
  }
}

}  // namespace
}  // namespace policy::calendar_view
