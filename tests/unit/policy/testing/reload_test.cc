// A save is tried by its own tests, in the child that would decide, before it comes into force.
#include "host_fixture.h"
#include "policy/generations/store.h"

namespace policy::test {
namespace {

const std::string kDeclines = "test('it', function(t) t:declines({}, 'one') end)\n";

TEST_F(PolicyHostTest, TestsDecideNothingAndAreKept) {
  options.data = root.path() / "data";
  write(folder / "a.lua", declining("one"));
  write(folder / "a_test.lua", kDeclines);
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("one");
    EXPECT_THAT(test.host->status().files, ElementsAre("a.lua"));
    EXPECT_EQ(test.host->status().error, "");
  });
  EXPECT_TRUE(fs::exists(generations::folder_in(options.data) / "1" / "a_test.lua"));
}

TEST_F(PolicyHostTest, AFailingTestRefusesTheSave) {
  write(folder / "a.lua", declining("one"));
  write(folder / "a_test.lua", kDeclines);
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    write(test.folder / "a.lua", declining("two"));
    co_await test.until_error("a_test.lua:1: expected a decline with \"one\": declined \"two\" (a.lua:2)");
    co_await test.expect("one");
    EXPECT_THAT(summary_of(test.host->status()), HasSubstr("active, g2 rejected: a_test.lua:1: "));
    write(test.folder / "a_test.lua", "test('it', function(t) t:declines({}, 'two') end)\n");
    co_await test.until_generation(2);
    co_await test.expect("two");
  });
}

TEST_F(PolicyHostTest, AFailingTestAtAStartLeavesTheKeptPolicy) {
  options.data = root.path() / "data";
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> { co_await test.expect("one"); });
  done = false;
  io.restart();
  write(folder / "a.lua", declining("two"));
  write(folder / "a_test.lua", kDeclines);
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("one");
    EXPECT_THAT(test.host->status().error, HasSubstr("a_test.lua:1: expected a decline"));
    EXPECT_FALSE(test.host->status().safe_mode);
  });
}

TEST_F(PolicyHostTest, AFailingTestWithNothingKeptIsSafeMode) {
  write(folder / "a.lua", declining("two"));
  write(folder / "a_test.lua", kDeclines);
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    EXPECT_TRUE(test.host->status().safe_mode);
    const auto offer = make_offer();
    const auto decision = co_await test.host->decide(offer, kNow);
    EXPECT_FALSE(decision.accepted);
  });
}

TEST_F(PolicyHostTest, TestsThatNeverEndRefuseTheSave) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    write(test.folder / "a_test.lua", "test('loop', function() while true do end end)\n");
    co_await test.until_error("a_test.lua:1: used up its instructions (an endless loop?)");
    co_await test.expect("one");
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
}

}  // namespace
}  // namespace policy::test
