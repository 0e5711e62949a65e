// Which rules and lines the tests of a policy reach.
#include "policy/testing/coverage/code_lines.h"
#include "testing_fixture.h"

namespace policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

testing::Coverage coverage_of(std::string_view tests) {
  return *test::run_house(tests, {.coverage = true}).coverage;
}

std::vector<std::string> places(const std::vector<testing::Gap>& gaps) {
  std::vector<std::string> list;
  list.reserve(gaps.size());
  for (const auto& gap : gaps) list.push_back(gap.place + (gap.what.empty() ? "" : " " + gap.what));
  return list;
}

TEST(PolicyCoverage, WithoutALookNothingIsCovered) {
  const auto coverage = coverage_of("test('it', function() end)");
  EXPECT_EQ(coverage.rules, 7U);
  EXPECT_THAT(places(coverage.idle_rules),
              ElementsAre("house.lua:3 window 'night'", "house.lua:4 game 'tide-*'", "house.lua:5 game 'proto-*'",
                          "house.lua:6 game '*'", "house.lua:8 vram, during 'night'", "house.lua:7 pause_when 'artist'",
                          "house.lua:9 function of 'offer'"));
  EXPECT_EQ(coverage.lines, 2U);
  EXPECT_THAT(places(coverage.idle_lines), ElementsAre("house.lua:10", "house.lua:11"));
}

TEST(PolicyCoverage, CountsWhatHadASay) {
  const auto coverage = coverage_of(
      "test('it', function(t)\n"
      "  t:accepts { game = 'tide-1' }\n"
      "  t:app 'maya'; t:paused()\n"
      "  t:clock '2026-03-24 23:00'; t:budget '10GiB'\n"
      "end)");
  EXPECT_THAT(places(coverage.idle_rules),
              ElementsAre("house.lua:5 game 'proto-*'", "house.lua:6 game '*'", "house.lua:9 function of 'offer'"));
  EXPECT_THAT(places(coverage.idle_lines), ElementsAre("house.lua:11"));
}

TEST(PolicyCoverage, AllCanBeReached) {
  const auto coverage = coverage_of(
      "test('it', function(t)\n"
      "  t:clock '2026-03-24 23:00'\n"
      "  t:declines { game = 'proto-1' }; t:declines { game = 'a', kind = 'video' }; t:accepts { game = 'tide-1' }\n"
      "  t:app 'maya'; t:paused()\n"
      "end)");
  EXPECT_THAT(places(coverage.idle_rules), IsEmpty());
  EXPECT_THAT(places(coverage.idle_lines), IsEmpty());
}

TEST(PolicyCoverage, FindsTheLinesOfFunctionsInFunctions) {
  testing::CodeLines code;
  EXPECT_THAT(code.of("a.lua",
                      "local x = 1\n"                     // 1: runs while the file loads
                      "local function outer(a)\n"         // 2
                      "  local inner = function(b)\n"     // 3
                      "    if b then return 1 end\n"      // 4
                      "    return 2\n"                    // 5
                      "  end\n"                           // 6
                      "  -- nothing\n"                    // 7
                      "  return inner(a)\n"               // 8
                      "end\n"                             // 9
                      "return function() return 1 end"),  // 10
              ElementsAre(4, 5, 6, 8, 10));
  EXPECT_THAT(code.of("b.lua", "not lua"), IsEmpty());
  EXPECT_THAT(code.of("c.lua", "\x1bLJ"), IsEmpty());
}

}  // namespace
}  // namespace policy
