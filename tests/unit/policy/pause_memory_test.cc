// A pause outlives the worker: what the next one does with the resume_after of the one before.
#include "fakes/virtual_clock.h"
#include "host_fixture.h"
#include "policy/pause/memory.h"

namespace policy::test {
namespace {

job::MachineFacts running(std::vector<std::string> apps) {
  job::MachineFacts facts;
  facts.apps = {std::move(apps), "/proc"};
  return facts;
}

class PauseMemory : public ::testing::Test {
 public:
  void load(std::string_view text) {
    const auto runtime = test::load(text);
    ASSERT_TRUE(runtime);
    rules.emplace(runtime->rules());
  }
  void start() {
    memory = std::make_unique<pause::Memory>(io.get_executor(), io.get_executor(), clock, root.path() / "data");
    memory->open();
  }
  /// As after a kill: what was written down is all there is.
  void kill() {
    clock.settle();
    memory.reset();
  }
  void stop() {
    base::TaskGroup tasks(io.get_executor());
    tasks.spawn("close", memory->close());
    kill();
  }
  std::string why(std::vector<std::string> apps) {
    const auto pause = memory->update(*rules, running(std::move(apps)), clock.wall_now());
    return pause.paused() ? pause.held.front().why : "";
  }

  base::TempDir root = *base::TempDir::create("pauses");
  asio::io_context io{1};
  fakes::VirtualClock clock{io};
  std::optional<rules::RuleSet> rules;
  std::unique_ptr<pause::Memory> memory;
};

TEST_F(PauseMemory, WhatHeldAtTheEndIsWaitedOutFromTheStart) {
  load("worker.pause_when 'x' { apps = 'maya', resume_after = '5m' }");
  for (const bool killed : {true, false}) {
    start();
    EXPECT_EQ(why({"maya"}), "maya runs");
    killed ? kill() : stop();
    clock.pass(1h);
    start();
    EXPECT_EQ(why({}), "no longer: maya runs; resumes in 300 s");
    clock.pass(5min);
    EXPECT_EQ(why({}), "");
    stop();
    start();
    EXPECT_EQ(why({}), "") << "and it is over for good";
    kill();
  }
}

TEST_F(PauseMemory, TheTimeWithoutAWorkerCountsWhereTheEndWasSeen) {
  load("worker.pause_when 'x' { apps = 'maya', resume_after = '1h' }");
  start();
  EXPECT_EQ(why({"maya"}), "maya runs");
  EXPECT_EQ(why({}), "no longer: maya runs; resumes in 3600 s");
  clock.pass(20min);
  stop();
  clock.pass(10min);
  start();
  EXPECT_EQ(why({}), "no longer: maya runs; resumes in 1800 s");
  stop();
  clock.pass(30min);
  start();
  EXPECT_EQ(why({}), "");
}

TEST_F(PauseMemory, ARuleThatIsOverWaitsForItsStartAfterAgain) {
  load("worker.pause_when 'x' { apps = 'maya', start_after = '30s', resume_after = '5m' }");
  start();
  EXPECT_EQ(why({"maya"}), "");
  clock.pass(30s);
  EXPECT_EQ(why({"maya"}), "maya runs");
  stop();
  start();
  EXPECT_EQ(why({"maya"}), "maya runs") << "it pauses still";
  EXPECT_EQ(why({}), "no longer: maya runs; resumes in 300 s");
  stop();
  clock.pass(5min);
  start();
  EXPECT_EQ(why({"maya"}), "");
}

TEST_F(PauseMemory, OtherRulesAndWhatCannotBeReadPauseNothing) {
  load("worker.pause_when 'x' { apps = 'maya', resume_after = '5m' }");
  start();
  EXPECT_EQ(why({"maya"}), "maya runs");
  stop();
  load("worker.pause_when 'y' { apps = 'maya', resume_after = '5m' }");
  start();
  EXPECT_EQ(why({}), "");
  kill();
  load("worker.pause_when 'x' { apps = 'maya', resume_after = '5m' }");
  for (const char* text : {"", "{}", "[1, {}, {\"title\": 7}]", "[{\"title\":\"x\""}) {
    write(root.path() / "data" / "pauses.json", text);
    start();
    EXPECT_EQ(why({}), "") << text;
    kill();
  }
}

class PausedHost : public PolicyHostTest {
 public:
  PausedHost() { options.data = root.path() / "data"; }
  void live(asio::awaitable<void> (*body)(PolicyHostTest&)) {
    done = false;
    io.restart();
    run(body);
  }
};

TEST_F(PausedHost, GoesOnWithAPauseAfterARestart) {
  write(folder / "a.lua", with_worker("worker.pause_when 'x' { apps = 'maya', resume_after = '1h' }\n"));
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto facts = running({"maya"});
    const auto pause = co_await test.host->pause(facts, test.clock->wall_now());
    EXPECT_TRUE(pause.paused());
  });
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto facts = running({});
    const auto pause = co_await test.host->pause(facts, test.clock->wall_now());
    EXPECT_TRUE(pause.paused());
  });
}

}  // namespace
}  // namespace policy::test
