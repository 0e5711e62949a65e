#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/inspect.h"
#include "policy/policy_runtime.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(PolicyRuntime, AcceptsEverythingWithoutRules) {
  auto runtime = load("");
  EXPECT_TRUE(runtime->decide(make_offer(), at(utc(2026, 3, 24))).decision.accepted);
}

TEST(PolicyRuntime, DecidesTheShippedExamples) {
  auto runtime = open_policy(STUDIO_SOURCE_DIR "/policies");
  ASSERT_TRUE(runtime) << runtime.error().message;
  const auto decide = [&](const char* game, base::WallTime when) {
    return (*runtime)->decide(make_offer(game), at(when)).decision;
  };
  EXPECT_TRUE(decide("ember-keep", utc(2026, 3, 24, 22)).accepted);  // 23:00 in Berlin
  EXPECT_TRUE(decide("ember-keep", utc(2026, 3, 25, 2)).accepted);   // 03:00
  EXPECT_TRUE(decide("ember-keep", utc(2026, 3, 28, 12)).accepted);  // Saturday noon
  const auto noon = decide("ember-keep", utc(2026, 3, 24, 13));      // 14:00
  EXPECT_FALSE(noon.accepted);
  EXPECT_EQ(noon.code, job::RejectCode::kPaused);
  EXPECT_EQ(noon.rule, "10-night.lua:7");
  EXPECT_EQ(noon.reason, "outside the hours for work; next \"night\" starts tue 2026-03-24 22:00");
  const auto late = decide("ember-keep", utc(2026, 3, 24, 5, 55));  // 06:55
  EXPECT_FALSE(late.accepted);
  EXPECT_EQ(late.reason, "would not finish before the window ends");
  const auto release = decide("ember-keep", utc(2026, 11, 17, 22));  // 23:00 of release week
  EXPECT_FALSE(release.accepted);
  EXPECT_THAT(release.reason, StartsWith("closed by \"release week\"; next "));
  const auto prototype = decide("prototype-7", utc(2026, 3, 24, 22));
  EXPECT_FALSE(prototype.accepted);
  EXPECT_EQ(prototype.code, job::RejectCode::kNone);
  EXPECT_EQ(prototype.reason, "prototypes stay in-house");
  EXPECT_EQ(prototype.rule, "20-games.lua:4");
}

TEST(PolicyRuntime, LimitsOfTheMatchingGameBecomeThePlan) {
  auto runtime = load("worker.game 'tide-*' { max_vram = '10GiB', max_time = '20m' }\nworker.game '*' {}");
  const auto decision = runtime->decide(make_offer("tide-runner"), at(utc(2026, 3, 24))).decision;
  EXPECT_TRUE(decision.accepted);
  EXPECT_EQ(decision.plan.max_vram, 10 * base::kGiB);
  EXPECT_EQ(decision.plan.max_time, std::chrono::minutes(20));
  EXPECT_EQ(decision.rule, "p.lua:2");
}

TEST(PolicyRuntime, DeclinesWhatTheGameEntryDoesNotAllow) {
  auto runtime = load(
      "worker.game 'a' { kinds = { 'image' } }\n"
      "worker.game 'b' { models = { 'flux*' } }\n"
      "worker.game 'c' { max_vram = '9GiB' }\n");
  const auto decide = [&](job::Offer offer) { return runtime->decide(offer, at(utc(2026, 3, 24))).decision; };
  EXPECT_TRUE(decide(make_offer("a")).accepted);
  EXPECT_EQ(decide(make_offer("a", job::Kind::kVideo)).reason, "kind \"video\" is not accepted for game \"a\"");
  EXPECT_TRUE(decide(make_offer("b")).accepted);
  auto other_model = make_offer("b");
  other_model.model = base::ModelId("sdxl");
  EXPECT_EQ(decide(other_model).reason, "model \"sdxl\" is not accepted for game \"b\"");
  const auto large = decide(make_offer("c"));
  EXPECT_EQ(large.reason, "needs 9.2 GiB of VRAM, the limit for this game is 9 GiB");
  EXPECT_EQ(large.rule, "p.lua:4");
  EXPECT_EQ(large.code, job::RejectCode::kNone);
  EXPECT_EQ(decide(make_offer("d")).reason, "no rule for game \"d\"");
}

TEST(PolicyRuntime, AHookDeclinesWithTheLineOfItsVerdict) {
  auto runtime = load_hook("if offer.kind == 'video' then\n return worker.decline 'no videos' end");
  EXPECT_TRUE(runtime->decide(make_offer(), at(utc(2026, 3, 24))).decision.accepted);
  const auto decision = runtime->decide(make_offer("a", job::Kind::kVideo), at(utc(2026, 3, 24))).decision;
  EXPECT_FALSE(decision.accepted);
  EXPECT_EQ(decision.reason, "no videos");
  EXPECT_EQ(decision.rule, "p.lua:4");
  EXPECT_EQ(decision.code, job::RejectCode::kNone);
}

TEST(PolicyRuntime, AVerdictThroughAnAliasStillHasAPlace) {
  auto runtime = load("local decline = worker.decline\nworker.on('offer', function()\n return decline 'x' end)");
  EXPECT_EQ(runtime->decide(make_offer(), at(utc(2026, 3, 24))).decision.rule, "p.lua:3");
}

TEST(PolicyRuntime, AnyNoBeatsEveryYes) {
  auto runtime = load(
      "worker.on('offer', function() return worker.accept 'sure' end)\n"
      "worker.on('offer', function() return worker.decline 'never' end)\n"
      "worker.on('offer', function() return worker.accept 'sure' end)");
  EXPECT_EQ(runtime->decide(make_offer(), at(utc(2026, 3, 24))).decision.reason, "never");
}

TEST(PolicyRuntime, HooksSeeTheFactsOfEachOffer) {
  auto runtime = load_hook(
      "assert(offer.game == 'ember-keep' and offer.width == 1024 and offer.seconds == nil)\n"
      "assert(offer.vram > worker.gib(9) and offer.vram < worker.gib(10))\n"
      "assert(offer.model == 'flux-dev' and offer.engine == 'synthetic' and offer.asset == 'rock')\n");
  EXPECT_EQ(runtime->decide(make_offer(), at(utc(2026, 3, 24))).error, "");
  auto without = make_offer("other");
  EXPECT_EQ(runtime->decide(without, at(utc(2026, 3, 24))).error, "p.lua:3: assertion failed!");
}

TEST(PolicyRuntime, AFailingHookDeclinesForNowAndNamesTheLine) {
  auto runtime = load_hook("if offer.seconds > 5 then return worker.decline 'long' end");
  const auto verdict = runtime->decide(make_offer(), at(utc(2026, 3, 24)));
  EXPECT_FALSE(verdict.decision.accepted);
  EXPECT_EQ(verdict.decision.code, job::RejectCode::kPaused);
  EXPECT_EQ(verdict.decision.reason, "policy error");
  EXPECT_EQ(verdict.decision.rule, "p.lua:3");
  EXPECT_EQ(verdict.error, "p.lua:3: attempt to compare number with nil");
  auto fine = make_offer();
  fine.facts.seconds = 3;
  EXPECT_TRUE(runtime->decide(fine, at(utc(2026, 3, 24))).decision.accepted);
}

TEST(PolicyRuntime, AMisspeltFactIsAnErrorWithTheNearestName) {
  auto runtime = load_hook("return offer.widht and worker.decline 'wide'");
  EXPECT_EQ(runtime->decide(make_offer(), at(utc(2026, 3, 24))).error,
            "p.lua:3: unknown fact 'widht', did you mean 'width'?");
}

TEST(PolicyRuntime, FactsCannotBeChanged) {
  auto runtime = load_hook("offer.vram = 0");
  EXPECT_EQ(runtime->decide(make_offer(), at(utc(2026, 3, 24))).error,
            "p.lua:3: an offer's facts cannot be changed: 'vram'");
}

TEST(PolicyRuntime, AVerdictThatIsNotReturnedIsAnError) {
  auto runtime = load_hook("worker.decline 'x'");
  EXPECT_EQ(runtime->decide(make_offer(), at(utc(2026, 3, 24))).error,
            "p.lua:3: worker.decline was called but not returned: write 'return worker.decline ...'");
}

TEST(PolicyRuntime, AVerdictOfAnEarlierOfferIsRefused) {
  auto runtime =
      load("local kept\nworker.on('offer', function()\n kept = kept or worker.decline 'x'\n return kept end)");
  EXPECT_EQ(runtime->decide(make_offer(), at(utc(2026, 3, 24))).error, "");
  EXPECT_THAT(runtime->decide(make_offer(), at(utc(2026, 3, 24))).error, HasSubstr("earlier offer"));
}

TEST(PolicyRuntime, HooksAskForWindows) {
  auto runtime = load(
      "worker.zone 'Europe/Berlin'\nworker.window 'night' { from = '22:00', to = '07:00' }\n"
      "worker.on('offer', function() if worker.in_window 'night' then return worker.decline 'asleep' end end)");
  EXPECT_FALSE(runtime->decide(make_offer(), at(utc(2026, 3, 24, 21, 0))).decision.accepted);
  EXPECT_TRUE(runtime->decide(make_offer(), at(utc(2026, 3, 24, 20, 59))).decision.accepted);
}

TEST(PolicyRuntime, ExplainsEveryRule) {
  auto runtime = load(
      "worker.zone 'Europe/Berlin'\nworker.window 'night' { from = '22:00', to = '07:00' }\n"
      "worker.accept_during { 'night' }\n"
      "worker.game 'x' {}\nworker.game 'ember-*' { accept = false }\nworker.game '*' {}\n"
      "worker.on('offer', function() worker.note 'seen' end)\n"
      "worker.on('offer', function() return worker.accept 'fine' end)\n");
  const auto verdict = runtime->decide(make_offer(), at(utc(2026, 3, 24, 22)), true);
  EXPECT_EQ(verdict.decision.rule, "p.lua:6");
  EXPECT_GT(verdict.instructions, 3U);
  EXPECT_LT(verdict.instructions, 100U);
  std::vector<std::string> lines;
  for (const auto& line : verdict.decision.trace) {
    lines.push_back(std::string(to_string(line.vote)) + " " + line.rule + " " + line.text);
  }
  EXPECT_THAT(lines, ::testing::ElementsAre(
                         "pass p.lua:4 inside \"night\" (since tue 2026-03-24 22:00, ends wed 2026-03-25 07:00)",
                         "skipped p.lua:5 game entry \"x\" does not match",
                         "decline p.lua:6 game \"ember-keep\" is not accepted here",
                         "skipped p.lua:7 game entry \"*\": an earlier entry applies", "no opinion p.lua:8 note: seen",
                         "no opinion p.lua:8 no opinion", "accept p.lua:9 fine"));
}

TEST(PolicyRuntime, FilesShareCodeByRequire) {
  const auto runtime =
      PolicyRuntime::load({{"10-a.lua",
                            "local lib = require 'lib'\nlocal worker = require 'worker'\n"
                            "worker.on('offer', function(o) if lib.big(o) then return worker.decline 'big' end end)"},
                           {"lib.lua", "return { big = function(o) return o.width > 100 end }"}});
  ASSERT_TRUE(runtime) << runtime.error().message;
  EXPECT_EQ((*runtime)->decide(make_offer(), at(utc(2026, 3, 24))).decision.reason, "big");
}

TEST(PolicyRuntime, ReportsTheErrorsOfEveryFile) {
  const auto runtime = PolicyRuntime::load(
      {{"a.lua", "local x = = 1"}, {"b.lua", "require 'c'"}, {"c.lua", "\nerror 'broken'"}, {"d.lua", "return nope"}});
  ASSERT_FALSE(runtime);
  EXPECT_EQ(runtime.error().message,
            "a.lua:1: unexpected symbol near '='\nc.lua:2: broken\n"
            "d.lua:1: unknown name 'nope': declare it with 'local' first");
}

TEST(PolicyRuntime, RequireCyclesAreErrors) {
  const auto runtime = PolicyRuntime::load({{"a.lua", "require 'b'"}, {"b.lua", "require 'a'"}});
  ASSERT_FALSE(runtime);
  EXPECT_THAT(runtime.error().message, StartsWith("b.lua:1: require: 'a.lua' requires itself"));
}

struct Slip {
  const char* text;
  const char* error;
};

class LanguageErrors : public ::testing::TestWithParam<Slip> {};

TEST_P(LanguageErrors, PointAtTheLineAndTheNearestName) {
  EXPECT_EQ(load_error(GetParam().text), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Policy, LanguageErrors,
    ::testing::Values(
        Slip{"worker.windov 'x' {}", "p.lua:2: unknown name 'windov', did you mean 'window'?"},
        Slip{"\nworker.window 'x' { form = '10:00', to = '11:00' }",
             "p.lua:3: worker.window 'x': unknown key 'form', did you mean 'from'?"},
        Slip{"worker.window 'x' { from = '10:00' }",
             "p.lua:2: worker.window 'x': from: has no end: add to = '07:00', or lasts = '8h'"},
        Slip{"worker.window 'x' { from = '10:00', to = '10:00' }",
             "p.lua:2: worker.window 'x': to: is the same as 'from'"},
        Slip{"worker.window 'x' { from = 'fri 10:00', to = 'fri 10:00' }",
             "p.lua:2: worker.window 'x': to: is the same as 'from'"},
        Slip{"worker.window 'x' { from = '1000', to = '11:00' }",
             "p.lua:2: worker.window 'x': from: '1000' is not a time of day: write it like '22:00' or 'fri 20:00'"},
        Slip{"worker.window 'x' { days = 'mon-fry', from = '10:00', to = '11:00' }",
             "p.lua:2: worker.window 'x': days: unknown weekday 'fry', did you mean 'fri'?"},
        Slip{"worker.window 'x' { from = '10:00', lasts = '2hours' }",
             "p.lua:2: worker.window 'x': lasts: unknown unit 'hours', did you mean 'h'?"},
        Slip{"worker.window 'x' { from = '10:00', lasts = 20 }",
             "p.lua:2: worker.window 'x': lasts: write it with a unit, like '20m'"},
        Slip{"worker.window 'x' { all_day = true, from = '10:00' }",
             "p.lua:2: worker.window 'x': from: does not go with 'all_day'"},
        Slip{"worker.window 'x' { from = 'fri 10:00', to = '11:00' }",
             "p.lua:2: worker.window 'x': to: 'from' and 'to' must both name a weekday, or neither"},
        Slip{"worker.window 'x' { all_day = true }\nworker.window 'x' { all_day = true }",
             "p.lua:3: 'x' is declared already at p.lua:2"},
        Slip{"worker.window 'x'",
             "p.lua:2: worker.window 'x' lacks its { ... } part; write it like worker.window 'night' { from = '22:00', "
             "to = '07:00' }"},
        Slip{"worker.window 'night' { all_day = true }\nworker.accept_during { 'nihgt' }",
             "p.lua:3: unknown window 'nihgt', did you mean 'night'?"},
        Slip{"worker.accept_during { 'x' }\nworker.window 'x' { all_day = true }\nworker.accept_during { 'x' }",
             "p.lua:4: worker.accept_during is declared already at p.lua:2"},
        Slip{"worker.game 'a' { kinds = { 'image', 'vidoe' } }",
             "p.lua:2: worker.game 'a': kinds: unknown kind 'vidoe', did you mean 'video'?"},
        Slip{"worker.game 'a' { max_vram = 12 }",
             "p.lua:2: worker.game 'a': max_vram: write it with a unit, like '12GiB'"},
        Slip{"worker.game 'a' { max_vram = '12GB' }",
             "p.lua:2: worker.game 'a': max_vram: unknown unit 'GB', did you mean 'GiB'?"},
        Slip{"worker.game 'a' { max_time = '12' }",
             "p.lua:2: worker.game 'a': max_time: a unit is missing: write it like '20m'"},
        Slip{"worker.game 'a' { nights = 3 }",
             "p.lua:2: worker.game 'a': unknown key 'nights'; known: accept, kinds, models, max_vram, max_time, "
             "quota, reason"},
        Slip{"worker.game 'a' { quota = {} }", "p.lua:2: worker.game 'a': quota: jobs: or 'gpu_time' is needed"},
        Slip{"worker.game 'a' { quota = 3 }",
             "p.lua:2: worker.game 'a': quota: needs a table, not a number: write quota = { ... }"},
        Slip{"worker.game 'a' { quota = { job = 3, per = 'day' } }",
             "p.lua:2: worker.game 'a': quota: unknown key 'job', did you mean 'jobs'?"},
        Slip{"worker.game 'a' { quota = { jobs = 2.5, per = 'day' } }",
             "p.lua:2: worker.game 'a': quota: jobs: must be a whole number from 1 on, without quotes"},
        Slip{"worker.game 'a' { quota = { jobs = 0, per = 'day' } }",
             "p.lua:2: worker.game 'a': quota: jobs: must be a whole number from 1 on, without quotes"},
        Slip{"worker.game 'a' { quota = { gpu_time = '4', per = 'day' } }",
             "p.lua:2: worker.game 'a': quota: gpu_time: a unit is missing: write it like '20m'"},
        Slip{"worker.game 'a' { quota = { gpu_time = '0s', per = 'day' } }",
             "p.lua:2: worker.game 'a': quota: gpu_time: must be more than 0; write accept = false instead"},
        Slip{"worker.game 'a' { quota = { jobs = 3 } }",
             "p.lua:2: worker.game 'a': quota: per: is missing: 'day', 'week' or the name of a window"},
        Slip{"worker.game 'a' { quota = { jobs = 3, per = 'dya' } }",
             "p.lua:2: unknown period 'dya', did you mean 'day'?"},
        Slip{"worker.window 'night' { from = '22:00', to = '07:00' }\n"
             "worker.game 'a' { quota = { jobs = 3, per = 'nihgt' } }",
             "p.lua:3: unknown period 'nihgt', did you mean 'night'?"},
        Slip{"worker.dates 'fair' { '2026-12-24' }\nworker.game 'a' { quota = { jobs = 3, per = 'fair' } }",
             "p.lua:3: unknown period 'fair'; known: day, week"},
        Slip{"worker.window 'day' { from = '06:00', to = '18:00' }\n"
             "worker.game 'a' { quota = { jobs = 3, per = 'day' } }",
             "p.lua:3: per = 'day' means the calendar's, and there is a window of that name: give the window another "
             "name"},
        Slip{"worker.used { game = 'a', per = 'day' }", "p.lua:2: worker.used only works inside a hook"},
        Slip{"worker.game 'a' {}\nworker.game 'a' {}", "p.lua:3: worker.game 'a' is declared already at p.lua:2"},
        Slip{"pcall(function() worker.game 'a' { acept = true } end)",
             "p.lua:2: worker.game 'a': unknown key 'acept', did you mean 'accept'?"},
        Slip{"worker.dates 'd' { '2026-02-30' }",
             "p.lua:2: worker.dates 'd': entry: '2026-02-30' is not in the calendar"},
        Slip{"worker.zone 'Europe/Berln'", "p.lua:2: unknown time zone 'Europe/Berln', did you mean 'Europe/Berlin'?"},
        Slip{"worker.on('ofer', function() end)", "p.lua:2: worker.on: unknown event 'ofer', did you mean 'offer'?"},
        Slip{"night = 1", "p.lua:2: globals cannot be set (write 'local' in front): 'night'"},
        Slip{"local x = maht.floor(1)", "p.lua:2: unknown name 'maht', did you mean 'math'?"},
        Slip{"local x = math.flor(1)", "p.lua:2: unknown name 'flor', did you mean 'floor'?"},
        Slip{"print 'x'",
             "p.lua:2: 'print' does not exist here: use worker.note('text'), which shows up in the explanation"},
        Slip{"worker.game = nil", "p.lua:2: 'worker' cannot be changed"},
        Slip{"require 'wroker'", "p.lua:2: unknown policy file 'wroker', did you mean 'worker'?"},
        Slip{"require '../x'",
             "p.lua:2: require takes the bare name of a file in the policy folder, without '.lua' and without a path"},
        Slip{"worker.decline 'x'", "p.lua:2: worker.decline only works inside a hook"},
        Slip{"worker.game('a')(\n{ accept = 1 })", "p.lua:2: worker.game 'a': accept: must be true or false"}));

}  // namespace
}  // namespace policy::test
