// Tests that never end or eat memory are contained like a policy is.
#include "testing_fixture.h"

namespace policy {
namespace {

using namespace std::chrono_literals;
using test::run_house;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(PolicyTestingLimits, ATestThatLoopsIsStoppedAndTheRestOfItsFileIsNotTrusted) {
  const auto report = run_house(
      "test('loop', function() while true do end end)\n"
      "test('after', function(t) t:running() end)");
  EXPECT_THAT(report.errors(), ElementsAre("house_test.lua:1: used up its instructions (an endless loop?)",
                                           "house_test.lua:2: did not run: a test before it broke a limit"));
}

TEST(PolicyTestingLimits, AFileThatLoopsIsStopped) {
  EXPECT_THAT(run_house("while true do end").errors(),
              ElementsAre("house_test.lua:1: used up its instructions (an endless loop?)"));
}

TEST(PolicyTestingLimits, MemoryIsBounded) {
  const auto report = run_house("test('bomb', function() local t = {} for i = 1, 1e9 do t[i] = {} end end)");
  EXPECT_THAT(report.errors(), ElementsAre("house_test.lua:1: used up its memory"));
}

TEST(PolicyTestingLimits, CatchingTheLimitDoesNotHelp) {
  const auto report =
      run_house("test('loop', function() while true do pcall(function() while true do end end) end end)");
  EXPECT_THAT(report.errors(), SizeIs(1));
}

/// Every question to the policy may take as long as its functions may.
TEST(PolicyTestingLimits, AllTestsTogetherHaveATime) {
  const auto start = std::chrono::steady_clock::now();
  const auto report =
      testing::run_tests({{"a.lua", test::with_worker("worker.on('offer', function() while true do end end)")},
                          {"a_test.lua", "test('slow', function(t) while true do pcall(t.accepts, t, {}) end end)"},
                          {"b_test.lua", "test('late', function(t) t:running() end)"}},
                         {.time = 200ms});
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  ASSERT_TRUE(report);
  EXPECT_THAT(report->errors(), SizeIs(2));
  EXPECT_THAT(report->errors().back(), HasSubstr("b_test.lua: did not run: the tests before took too long"));
}

}  // namespace
}  // namespace policy
