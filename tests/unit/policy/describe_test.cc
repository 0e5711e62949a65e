#include "policy/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace policy {
namespace {

using namespace std::chrono_literals;
using rules::Window;
using ::testing::HasSubstr;
using ::testing::Not;

std::string text_of(const std::string& policy) {
  const auto runtime = PolicyRuntime::load({{"a.lua", test::with_worker(policy)}});
  EXPECT_TRUE(runtime) << (runtime ? "" : runtime.error().message);
  return runtime ? to_text(describe(**runtime)) : "";
}

TEST(Describe, SaysWindowsAsPeopleDo) {
  EXPECT_EQ(describe(Window{.from = 22h, .until = 31h}), "every day 22:00-07:00");
  EXPECT_EQ(describe(Window{.days = 0b0111110, .from = 9h, .until = 19h}), "mon-fri 09:00-19:00");
  EXPECT_EQ(describe(Window{.days = 0b0100000, .from = 20h, .until = 3 * 24h + 7h}), "from fri 20:00 to mon 07:00");
  EXPECT_EQ(describe(Window{.days = 0b1000001, .until = 24h}), "sat and sun all day");
  EXPECT_EQ(describe(Window{.days = 0b0010110, .from = 6h + 5min, .lasts = 90min}), "mon, tue and thu 06:05 for 1h30m");
  EXPECT_EQ(describe(Window{.days = 0b0000100, .from = 14h, .until = 24h}), "tue 14:00-24:00");
}

TEST(Describe, SaysSpansAsAPolicyWritesThem) {
  EXPECT_EQ(format_span(0s), "0s");
  EXPECT_EQ(format_span(15min), "15m");
  EXPECT_EQ(format_span(49h + 90s), "2d1h1m30s");
}

TEST(Describe, NothingDeclaredMeansEverything) {
  const auto text = text_of("");
  EXPECT_THAT(text, HasSubstr("jobs are claimed at any time"));
  EXPECT_THAT(text, HasSubstr("every game is accepted"));
  EXPECT_THAT(text, HasSubstr("this machine's zone"));
}

TEST(Describe, EveryStatementNamesItsLine) {
  const auto text = text_of(R"(worker.zone 'Asia/Tokyo'
worker.window 'night' { from = '22:00', to = '07:00' }
worker.dates 'fair' { '2026-12-24 .. 2027-01-02', '2027-03-01' }
worker.accept_during { 'night', except = { 'fair' }, finish_before_end = '10m' }
worker.game 'a-*' { kinds = { 'image', 'llm' }, max_vram = '8GiB', max_time = '15m' }
worker.game 'b' { accept = false, reason = 'not here' }
worker.on('offer', function() end)
worker.vram { during = 'night', keep_free = '2GiB', at_most = '40%', gpus = { 0, 1 } }
worker.log_to 'none' { about = 'heartbeat' }
worker.log_to 'file:j.jsonl' { about = { 'job', 'ws' }, game = 'a-*', level = 'warn', format = 'json', keep = '2d' }
worker.log_to 'studio' { at_most = '60/min', stop = true }
worker.on('log', function() end))");
  for (const char* part :
       {"Asia/Tokyo", "jobs are claimed during \"night\" (every day 22:00-07:00)",
        "and no window opens on \"fair\" (2026-12-24 .. 2027-01-02 and 2027-03-01); one that opened before runs",
        "in the last 10m of a window",
        "game \"a-*\" is accepted, only image and llm, up to 8 GiB of VRAM, for at most 15m",
        "game \"b\" is declined: \"not here\"", "every other game is declined",
        "during \"night\" (every day 22:00-07:00) 2 GiB of VRAM stay free",
        "2 GiB of VRAM stay free and jobs use at most 40 % of the VRAM of GPU 0 and 1",
        "log records about heartbeat are dropped",
        "log records about job and ws of game \"a-*\" of level warn and above go to the file j.jsonl as JSON, kept",
        "every other log record goes to the studio, at most 60 in 1m, and nowhere else",
        "a.lua:13  a function looks at every log record", "a.lua:2   all", "a.lua:5   jobs", "a.lua:8   a function"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Describe, AnEntryForEveryLogRecordSaysSoAndLeavesNothing) {
  const auto text = text_of("worker.log_to 'console' {}\nworker.log_to 'file:a' { level = 'debug', format = 'json' }");
  EXPECT_THAT(text, HasSubstr("a.lua:2  every log record goes to the console\n"));
  EXPECT_THAT(text, HasSubstr("a.lua:3  every log record of level debug and above goes to the file a as JSON\n"));
  EXPECT_THAT(text, Not(HasSubstr("what none of these takes")));
  EXPECT_THAT(text_of("worker.log_to 'none' {}"), HasSubstr("every log record is dropped\n"));
  const auto some = text_of("worker.log_to 'none' { about = 'ws' }\nworker.log_to 'console' { level = 'warn' }");
  EXPECT_THAT(some, HasSubstr("every other log record of level warn and above goes to the console\n"));
  EXPECT_THAT(some, HasSubstr("what none of these takes goes to the console"));
}

TEST(Describe, SaysTheQuotaOfAGame) {
  const auto text = text_of(R"(worker.window 'night' { from = '22:00', to = '07:00' }
worker.game 'a' { max_time = '15m', quota = { jobs = 3, gpu_time = '4h', per = 'night' } })");
  EXPECT_THAT(text, HasSubstr("accepted, for at most 15m, not more than 3 jobs and 4h of GPU time per \"night\""));
}

TEST(Describe, WhatAnEarlierEntryTakesIsNotSaid) {
  const auto text = text_of("worker.game '*' {}\nworker.game 'late' { accept = false }");
  EXPECT_THAT(text, HasSubstr("game \"*\" is accepted"));
  EXPECT_THAT(text, Not(HasSubstr("late")));
  EXPECT_THAT(text, Not(HasSubstr("every other game")));
}

}  // namespace
}  // namespace policy
