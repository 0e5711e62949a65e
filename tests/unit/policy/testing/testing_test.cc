// *_test.lua: what a test can say, and what it says when it does not hold.
#include "policy/explain/explain.h"
#include "testing_fixture.h"

namespace policy {
namespace {

using test::error_of;
using test::run_house;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(PolicyTesting, SaysNothingWhenEverythingHolds) {
  EXPECT_EQ(error_of("t:clock '2026-03-24 23:00'\n"
                     "t:accepts { game = 'tide-runner' }\n"
                     "t:done { game = 'tide-runner', times = 3, gpu_time = '2m' }\n"
                     "t:declines({ game = 'tide-runner' }, 'quota')\n"
                     "t:clock '2026-03-25T23:00:00Z'\n"
                     "t:accepts { game = 'tide-runner' }\n"
                     "t:app 'maya.bin'; t:paused 'artist'; t:declines({}, 'paused: artist')\n"
                     "t:no_apps(); t:wait '4m59s'; t:paused(); t:wait '1s'; t:running()\n"
                     "t:budget '10GiB'; t:clock '2026-03-24 12:00'; t:budget()"),
            "");
}

TEST(PolicyTesting, SaysWhatItExpectedAndWhatIs) {
  const std::pair<const char*, const char*> cases[] = {
      {"t:declines({ game = 'a' }, 'quota')",
       "house_test.lua:2: expected a decline with \"quota\": accepted (house.lua:6)"},
      {"t:declines({ game = 'proto-1' }, 'quota')",
       "house_test.lua:2: expected a decline with \"quota\": declined \"in-house\" (house.lua:5)"},
      {"\nt:accepts { kind = 'video' }", "house_test.lua:3: expected an accept: declined \"no videos\" (house.lua:11)"},
      {"t:paused 'artist'", "house_test.lua:2: expected a pause \"artist\": nothing pauses"},
      {"t:app 'maya.bin' t:running()",
       "house_test.lua:2: expected no pause: paused by \"artist\" (house.lua:7: maya.bin runs)"},
      {"t:clock '2026-03-24 23:00' t:budget '9GiB'",
       "house_test.lua:2: expected a bound of 9 GiB: it is a bound of 10 GiB (house.lua:8)"},
      {"t:budget '9GiB'", "house_test.lua:2: expected a bound of 9 GiB: it is no bound of memory"},
      {"t:logs({ game = 'a' }, { 'console' })", "house_test.lua:2: expected the record in console: it goes to usual"},
      {"t:logs({ game = 'a' }, { 'usual', game = 'b' })", "house_test.lua:2: expected game \"b\": it is \"a\""},
      {"t:logs({}, { 'usual', details = 'x' })", "house_test.lua:2: expected details \"x\": it is gone"},
  };
  for (const auto& [body, error] : cases) EXPECT_EQ(error_of(body), error);
}

TEST(PolicyTesting, ASlipIsAnErrorAtItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"t:decline {}", "house_test.lua:2: unknown method 'decline', did you mean 'declines'?"},
      {"t.running()", "house_test.lua:2: write t:running with a colon"},
      {"t:accepts { gaem = 'a' }", "house_test.lua:2: t:accepts: unknown key 'gaem', did you mean 'game'?"},
      {"t:accepts { kind = 'imge' }", "house_test.lua:2: t:accepts: kind: unknown kind 'imge', did you mean 'image'?"},
      {"t:accepts { vram = 9 }", "house_test.lua:2: t:accepts: vram: write it with a unit, like '12GiB'"},
      {"t:done {}", "house_test.lua:2: t:done: game: is missing: whose jobs were done"},
      {"t:clock 'noon'",
       "house_test.lua:2: t:clock: \"noon\" is no time; write 2026-03-25T01:12:00Z or '2026-03-25 01:12'"},
      {"t:wait '400d'", "house_test.lua:2: t:wait: at most 31d; t:clock jumps further"},
      {"t:unknown 'app'", "house_test.lua:2: t:unknown: unknown sensor 'app', did you mean 'apps'?"},
      {"t:user 'here'", "house_test.lua:2: t:user: write 'active', or for how long nobody did anything, like '20m'"},
      {"t:gpu { temperature = '84C' }",
       "house_test.lua:2: t:gpu: temperature: must be a number from 0 on, without quotes"},
      {"t:logs({ about = 'job' }, {})",
       "house_test.lua:2: t:logs: the record: about: a record is about a job when it names one: job = '8f3c'"},
      {"t:logs({}, { 'consle' })",
       "house_test.lua:2: t:logs: what is expected: entry: unknown sink 'consle', did you mean 'console'?"},
      {"local x = nil + 1", "house_test.lua:2: attempt to perform arithmetic on a nil value"},
  };
  for (const auto& [body, error] : cases) EXPECT_EQ(error_of(body), error);
}

TEST(PolicyTesting, ModelFilesAreThereUnlessATestTakesThemAway) {
  const char* policy =
      "worker.on('offer', function(offer)\n"
      "  if offer.cached then return end\n"
      "  if not offer.download then return worker.decline 'of no known size' end\n"
      "  if offer.download > worker.gib(4) then return worker.decline 'too much to fetch' end\n"
      "end)";
  const SourceFiles files = {{"a.lua", test::with_worker(policy)},
                             {"a_test.lua",
                              "test('it', function(t)\n"
                              "  t:accepts {}\n"
                              "  t:accepts { cached = true, download = '0GiB' }\n"
                              "  t:declines({ cached = false }, 'of no known size')\n"
                              "  t:accepts { download = '4GiB' }\n"
                              "  t:declines({ download = '4.1GiB' }, 'too much to fetch')\n"
                              "  t:accepts { cached = true, download = '1GiB' }\n"
                              "end)"}};
  EXPECT_THAT(testing::run_tests(files)->errors(),
              ElementsAre("a_test.lua:7: t:accepts: cached: is true, and there is something to download"));
}

TEST(PolicyTesting, AFailureCannotBeCaught) {
  EXPECT_EQ(error_of("pcall(function() t:paused() end)\nt:running()"),
            "house_test.lua:2: expected a pause: nothing pauses");
}

TEST(PolicyTesting, ShowsTheTraceOfTheDecision) {
  const auto report = run_house("test('it', function(t) t:declines { game = 'a' } end)");
  ASSERT_EQ(report.results.size(), 1U);
  ASSERT_TRUE(report.results[0].failure);
  EXPECT_THAT(to_text(report.results[0].failure->trace, "> "),
              HasSubstr("> pass        house.lua:6          game entry \"*\"\n"));
}

TEST(PolicyTesting, ThePolicysOwnErrorIsNoDecline) {
  const SourceFiles files = {
      {"a.lua", test::with_worker("worker.on('offer', function(offer) return offer.est_time > 1 end)")},
      {"a_test.lua", "test('it', function(t) t:declines {} end)"}};
  EXPECT_THAT(testing::run_tests(files)->errors(),
              ElementsAre("a_test.lua:1: the policy failed: a.lua:2: attempt to compare number with nil"));
}

TEST(PolicyTesting, TestsDoNotKnowOfEachOther) {
  const auto report = run_house(
      "test('one', function(t) t:clock '2026-03-24 23:00'; t:done { game = 'tide-a', times = 3 }; t:app 'maya' end)\n"
      "test('two', function(t) t:running(); t:clock '2026-03-24 23:00'; t:accepts { game = 'tide-a' } end)");
  EXPECT_THAT(report.errors(), IsEmpty());
  EXPECT_EQ(report.results.size(), 2U);
}

TEST(PolicyTesting, AFileMayRequireItsNeighbours) {
  auto files = test::house("local helper = require 'helper'\ntest('it', function(t) helper.check(t) end)");
  files.push_back({"helper.lua", "return { check = function(t) t:paused() end }"});
  EXPECT_THAT(testing::run_tests(files)->errors(), ElementsAre("helper.lua:1: expected a pause: nothing pauses"));
}

TEST(PolicyTesting, AFileThatDoesNotLoadFails) {
  const std::pair<const char*, const char*> cases[] = {
      {"test('it' function() end)", "house_test.lua:1: ')' expected near 'function'"},
      {"test('it', 5)", "house_test.lua:1: test 'it' needs a function: test('it', function(t) ... end)"},
      {"\ntest('a', function() end)\ntest('a', function() end)",
       "house_test.lua:3: test 'a' stands already at house_test.lua:2"},
      {"tset('a', function() end)", "house_test.lua:1: unknown name 'tset', did you mean 'test'?"},
  };
  for (const auto& [text, error] : cases) EXPECT_THAT(run_house(text).errors(), ElementsAre(error));
}

TEST(PolicyTesting, FilesRunInOrderWhateverTheThreads) {
  SourceFiles files = {{"a.lua", test::with_worker("")}};
  for (const char* name : {"b_test.lua", "c_test.lua", "d_test.lua"}) {
    files.push_back({name, "test('1', function(t) t:accepts {} end)\ntest('2', function(t) t:paused() end)"});
  }
  for (const unsigned threads : {1U, 4U}) {
    const auto report = testing::run_tests(files, {.threads = threads});
    std::vector<std::string> order;
    for (const auto& result : report->results) order.push_back(result.file + " " + result.name);
    EXPECT_THAT(order, ElementsAre("b_test.lua 1", "b_test.lua 2", "c_test.lua 1", "c_test.lua 2", "d_test.lua 1",
                                   "d_test.lua 2"));
    EXPECT_EQ(report->failed(), 3U);
  }
}

TEST(PolicyTesting, AFunctionOfThePolicyIsAskedAnewByEveryFile) {
  const std::string counting = test::with_worker(
      "local n = 0\n"
      "worker.on('offer', function() n = n + 1; if n > 2 then return worker.decline 'enough' end end)");
  const SourceFiles files = {{"a.lua", counting},
                             {"b_test.lua", "test('b', function(t) t:accepts {} end)"},
                             {"c_test.lua", "test('c', function(t) t:accepts {}; t:accepts {} end)"}};
  EXPECT_THAT(testing::run_tests(files)->errors(), IsEmpty());
}

}  // namespace
}  // namespace policy
