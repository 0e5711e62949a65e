// What a policy can never do: each case is a policy and the warning that it deserves, or none.

#include "policy/sweep/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/inspect.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr base::Bytes kCard = 20 * base::kGiB;

/// A Tuesday in March.
base::WallTime now() {
  return utc(2026, 3, 24, 12);
}

std::vector<sweep::Warning> warnings_of(const std::string& text, std::vector<job::GpuFacts> cards = {}) {
  const SourceFiles files = {{"p.lua", with_worker("worker.zone 'Europe/Berlin'\n" + text)}};
  const auto runtime = PolicyRuntime::load(files);
  if (!runtime) {
    ADD_FAILURE() << text << "\n" << runtime.error().message;
    return {};
  }
  return sweep::sweep((*runtime)->rules(), files, {now(), std::move(cards)});
}

struct Case {
  const char* text;
  int line;             // of the one warning; 0: none
  const char* warning;  // a part of it
  bool never_accepts = false;
};

const std::string kWindows =
    "worker.window 'night' { from = '22:00', to = '07:00' }\nworker.window 'day' { from = '07:00', to = '22:00' }\n";

class Sweep : public ::testing::TestWithParam<Case> {};

/// The policy stands behind two windows that it may use, so its first line is the fifth.
TEST_P(Sweep, FindsWhatCanNeverWork) {
  const Case& one = GetParam();
  const auto use =
      "worker.on('offer', function() return worker.in_window 'night' and worker.in_window 'day' and nil end)";
  const auto found = warnings_of(kWindows + one.text + std::string("\n") + use);
  if (one.line == 0) {
    EXPECT_THAT(found, IsEmpty()) << sweep::to_line(found.front());
    return;
  }
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(rules::to_string(found.front().place), "p.lua:" + std::to_string(one.line));
  EXPECT_THAT(found.front().text, HasSubstr(one.warning));
  EXPECT_EQ(found.front().never_accepts, one.never_accepts);
}

const Case kHours[] = {
    {"worker.accept_during { 'night' }", 0, ""},
    {"worker.accept_during { 'night', except = { 'day' } }", 0, ""},
    {"worker.accept_during { 'night', except = { 'night' } }", 5, "does not open once", true},
    {"worker.accept_during { 'night', except = { 'night', 'day' } }", 5, "does not open once", true},
    {"worker.dates 'fair' { '2026-05-01' }\nworker.accept_during { 'fair' }", 0, ""},
    {"worker.dates 'later' { '2027-03-24' }\nworker.accept_during { 'later' }", 0, ""},
    {"worker.dates 'far' { '2028-01-01' }\nworker.accept_during { 'far' }", 6, "does not open once", true},
    {"worker.window 'leap' { days = 'wed', all_day = true }\nworker.accept_during { 'leap', except = { 'night', 'day' "
     "} }",
     6, "does not open once", true},
    {"worker.accept_during { 'night', finish_before_end = '8h59m' }", 0, ""},
    {"worker.accept_during { 'night', finish_before_end = '12h' }", 5, "as long as the longest window (10h)", true},
    {"worker.accept_during { 'night', 'day', finish_before_end = '24h' }", 0, ""},
    {"worker.window 'short' { from = '12:00', lasts = '5m' }\n"
     "worker.accept_during { 'short', finish_before_end = '5m' }",
     6, "longest window (5m)", true},
    {"worker.window 'tea' { from = '16:00', to = '17:00' }", 5, "nothing uses the window \"tea\""},
    {"worker.window 'tea' { from = '16:00', to = '17:00' }\nworker.vram { during = 'tea', at_most = '1GiB' }", 0, ""},
    {"worker.window 'tea' { from = '16:00', to = '17:00' }\nworker.game '*' { quota = { jobs = 1, per = 'tea' } }", 0,
     ""},
    {"worker.window 'tea' { from = '16:00', to = '17:00' }\n"
     "worker.on('pause', function() if worker.in_window(\"tea\") then return worker.pause 'tea' end end)",
     0, ""},
    {"worker.dates 'fair' { '2026-05-01' }", 5, "nothing uses the dates \"fair\""},
    {"worker.dates 'fair' { '2026-01-01', '2026-03-20 .. 2026-03-23' }\n"
     "worker.accept_during { 'night', except = { 'fair' } }",
     5, "are over since 2026-03-23"},
    {"worker.window 'sunday' { from = 'sun 20:00', to = 'tue 07:00' }\n"
     "worker.dates 'monday' { '2026-05-04' }\nworker.accept_during { 'sunday', except = { 'monday' } }",
     7, "except \"monday\" takes nothing away: dates drop the windows that start on them, and none does"},
    {"worker.window 'sunday' { from = 'sun 20:00', to = 'tue 07:00' }\n"
     "worker.dates 'both' { '2026-05-03 .. 2026-05-04' }\nworker.accept_during { 'sunday', except = { 'both' } }",
     0, ""},
    {"worker.dates 'fair' { '2026-01-01', '2026-03-24' }\nworker.accept_during { 'night', except = { 'fair' } }", 0,
     ""},
};

const Case kGames[] = {
    {"worker.game 'tide-*' {}\nworker.game '*' {}", 0, ""},
    {"worker.game '*' {}\nworker.game 'tide-*' { accept = false }", 6, "\"*\" at p.lua:5 stands before it"},
    {"worker.game 'tide-*' {}\nworker.game 'tide-runner' {}", 6, "never applies"},
    {"worker.game 'tide-*-x' {}\nworker.game 'tide-*' {}", 0, ""},
    {"worker.game '*-x' {}\nworker.game 'tide-*-x' {}", 6, "never applies"},
    {"worker.game 'a*b' {}\nworker.game 'ab*b' {}", 6, "never applies"},
    {"worker.game 'ab*b' {}\nworker.game 'a*b' {}", 0, ""},
    {"worker.game 'a**' {}\nworker.game 'a*' {}", 6, "never applies"},
    {"worker.game 'Tide' {}\nworker.game 'tide' {}", 0, ""},
    {"worker.game 'x' { accept = false }", 5, "so no job is ever accepted", true},
    {"worker.game 'x' { accept = false }\nworker.game '*' {}", 0, ""},
    {"worker.game 'x' { accept = false, kinds = 'video', max_time = '5m' }\nworker.game '*' {}", 5,
     "so kinds, max_time never counts"},
    {"worker.game 'x' { models = { 'flux*', 'flux-dev' } }", 5, "the model \"flux-dev\" adds nothing to \"flux*\""},
    {"worker.game 'x' { models = { 'flux', 'flux' } }", 5, "adds nothing"},
    {"worker.game 'x' { models = { 'flux-dev', 'sd*' }, kinds = { 'image', 'llm' } }", 0, ""},
    {"worker.game 'x' { max_vram = '8GiB' }\nworker.vram { at_most = '6GiB' }", 5, "jobs have at most 6 GiB"},
    {"worker.game 'x' { max_vram = '8GiB' }\nworker.vram { at_most = '6GiB', during = 'day' }", 0, ""},
    {"worker.game 'x' { max_vram = '8GiB' }\nworker.vram { at_most = '6GiB', during = 'day' }\n"
     "worker.vram { at_most = '7GiB', during = 'night' }",
     5, "jobs have at most 7 GiB"},
    {"worker.game 'x' { max_vram = '8GiB' }\nworker.vram { at_most = '90%' }", 0, ""},
    {"worker.game 'x' { max_vram = '0GiB' }", 5, "declines every job that needs memory"},
    {"worker.game 'x' { max_time = '0s' }", 5, "ends every job as it begins"},
    {"worker.accept_during { 'night' }\nworker.game 'x' { quota = { jobs = 3, per = 'week' } }", 0, ""},
    {"worker.window 'noon' { from = '12:00', to = '13:00' }\nworker.accept_during { 'night' }\n"
     "worker.game 'x' { quota = { jobs = 3, per = 'noon' } }",
     7, "its quota never counts: no work is taken during \"noon\" at p.lua:6"},
    {"worker.window 'late' { from = '23:00', to = '23:30' }\nworker.accept_during { 'night' }\n"
     "worker.game 'x' { quota = { jobs = 3, per = 'late' } }",
     0, ""},
};

const Case kPauses[] = {
    {"worker.pause_when 'p' { during = 'night' }", 0, ""},
    {"worker.pause_when 'p' { during = { 'night', 'day' } }", 5, "always pauses", true},
    {"worker.pause_when 'p' { during = { 'night', 'day' }, apps = 'maya*' }", 5, "means the same"},
    {"worker.pause_when 'p' { during = { 'night', 'day' }, unless = 'night' }", 0, ""},
    {"worker.pause_when 'p' { during = 'night', unless = { 'night' } }", 5, "its unless covers"},
    {"worker.pause_when 'p' { apps = 'maya*', unless = { 'night', 'day' } }", 5, "its unless covers"},
    {"worker.pause_when 'p' { apps = 'maya*', unless = 'night' }", 0, ""},
    {"worker.pause_when 'p' { apps = 'maya*', user_active_within = '0s' }", 5, "never met"},
};

const Case kBounds[] = {
    {"worker.vram { at_most = '8GiB' }\nworker.vram { at_most = '6GiB' }", 5,
     "the bound at p.lua:6 is at least as low"},
    {"worker.vram { at_most = '8GiB' }\nworker.vram { at_most = '6GiB', during = 'day' }", 0, ""},
    {"worker.vram { at_most = '6GiB' }\nworker.vram { at_most = '8GiB', during = 'day' }", 6, "never counts"},
    {"worker.vram { at_most = '6GiB' }\nworker.vram { at_most = '6GiB' }", 6, "never counts"},
    {"worker.vram { keep_free = '2GiB' }\nworker.vram { at_most = '40%' }", 0, ""},
    {"worker.vram { keep_free = '2GiB', at_most = '40%' }\nworker.vram { at_most = '50%' }", 6, "never counts"},
    {"worker.vram { at_most = '6GiB' }\nworker.vram { at_most = '8GiB', gpus = 0 }", 0, ""},
    {"worker.vram { at_most = '0GiB' }", 5, "leaves jobs no memory at all"},
};

const Case kLogs[] = {
    {"worker.log_to 'none' {}\nworker.log_to 'console' {}", 6, "ends the search"},
    {"worker.log_to 'console' {}\nworker.log_to 'none' {}", 0, ""},
    {"worker.log_to 'none' { about = 'heartbeat' }\nworker.log_to 'console' {}", 0, ""},
    {"worker.log_to 'none' { about = { 'ws', 'job' } }\nworker.log_to 'console' { about = 'ws' }", 6, "never gets"},
    {"worker.log_to 'console' { level = 'warn', stop = true }\nworker.log_to 'studio' { level = 'error' }", 6,
     "never gets"},
    {"worker.log_to 'console' { level = 'error', stop = true }\nworker.log_to 'studio' { level = 'warn' }", 0, ""},
    {"worker.log_to 'none' { game = 'tide-*' }\nworker.log_to 'console' { game = 'tide-runner' }", 6, "never gets"},
    {"worker.log_to 'none' { game = 'tide-*' }\nworker.log_to 'console' { game = '*' }", 0, ""},
    {"worker.log_to 'console' { level = 'info' }\nworker.log_to 'console' { level = 'warn', at_most = '1/min' }", 6,
     "writes the same ones"},
    {"worker.log_to 'file:a' { about = 'job' }\nworker.log_to 'file:b' { about = 'job' }", 0, ""},
};

INSTANTIATE_TEST_SUITE_P(Hours, Sweep, ::testing::ValuesIn(kHours));
INSTANTIATE_TEST_SUITE_P(Games, Sweep, ::testing::ValuesIn(kGames));
INSTANTIATE_TEST_SUITE_P(Pauses, Sweep, ::testing::ValuesIn(kPauses));
INSTANTIATE_TEST_SUITE_P(Bounds, Sweep, ::testing::ValuesIn(kBounds));
INSTANTIATE_TEST_SUITE_P(Logs, Sweep, ::testing::ValuesIn(kLogs));

TEST(SweepOfCards, AKnownSizeIsABudget) {
  const std::vector<job::GpuFacts> cards = {{.index = 0, .total = kCard}};
  EXPECT_THAT(warnings_of("worker.game 'x' { max_vram = '24GiB' }", cards), SizeIs(1));
  EXPECT_THAT(warnings_of("worker.game 'x' { max_vram = '20GiB' }", cards), IsEmpty());
  const auto shared = warnings_of("worker.game 'x' { max_vram = '19GiB' }\nworker.vram { at_most = '90%' }", cards);
  ASSERT_THAT(shared, SizeIs(1));
  EXPECT_THAT(shared.front().text, HasSubstr("jobs have at most 18 GiB"));
  EXPECT_THAT(warnings_of("worker.vram { keep_free = '24GiB' }", cards), SizeIs(1));
  EXPECT_THAT(warnings_of("worker.vram { keep_free = '2GiB' }", cards), IsEmpty());
}

TEST(SweepOfTheExamples, TheShippedPoliciesDeserveNone) {
  const auto report = check(STUDIO_SOURCE_DIR "/policies", now());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(report->warnings, IsEmpty()) << sweep::to_line(report->warnings.front());
}

TEST(SweepOfTheExamples, AYearLaterTheReleaseWeekIsOver) {
  const auto report = check(STUDIO_SOURCE_DIR "/policies", now() + std::chrono::days(365));
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_THAT(report->warnings, SizeIs(1));
  EXPECT_EQ(sweep::to_line(report->warnings.front()),
            "10-night.lua:6: the dates \"release week\" are over since 2026-11-20: give them new days, or remove them");
}

}  // namespace
}  // namespace policy::test
