// Instances over time: idle ones end, everything ends at stop, and nothing of a process group is left.
#include <gtest/gtest.h>

#include "stage.h"

namespace engine {
namespace {

using std::chrono::milliseconds;

TEST(EngineLife, EndsAnIdleInstanceAfterItsTime) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.idle = milliseconds(20);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    const auto first = co_await s.run("who");
    co_await s.hears("quit");
    const auto second = co_await s.run("who");
    EXPECT_NE(number_in(second, "pid"), number_in(first, "pid"));
  });
}

TEST(EngineLife, StartsNothingBeforeTheFirstJob) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage&) -> asio::awaitable<void> {
    EXPECT_EQ(children(), 0U);
    co_return;
  });
}

/// "T" of a process that stands still: the field behind the name in /proc/PID/stat.
std::string state_of(pid_t pid) {
  const auto stat = base::read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
  const auto name_end = stat.rfind(')');
  return name_end == std::string::npos ? "" : stat.substr(name_end + 2, 1);
}

TEST(EngineLife, AFrozenEngineStandsStillAndNoDeadlinePasses) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.deadlines.total = milliseconds(1500);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    Background running;
    Background waiting;
    s.start(running, s.request("takes a while"));
    const auto pid = co_await s.hears("working");
    s.pool().set_hold(Hold::kFrozen);
    s.start(waiting, s.request("who"));
    const auto clock = base::make_system_clock();
    const auto later = clock->now() + milliseconds(2000);
    co_await clock->sleep_until(later);
    EXPECT_EQ(state_of(pid), "T");
    EXPECT_FALSE(running.answer) << "its time stands still, too";
    s.pool().set_hold(Hold::kWarm);
    const auto answer = co_await s.finish(running);
    EXPECT_EQ(failure_of(answer), "");
    const auto next = co_await s.finish(waiting);
    EXPECT_EQ(number_in(next, "pid"), pid);
  });
}

TEST(EngineLife, AFrozenJobCanBeCancelled) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    Background running;
    s.start(running, s.request("slow"));
    co_await s.hears("working");
    s.pool().set_hold(Hold::kFrozen);
    s.tasks().cancel(running.task);
    const auto answer = co_await s.finish(running);
    EXPECT_EQ(failure_of(answer), "cancelled: cancelled");
  });
}

TEST(EngineLife, NoEngineStaysWithoutAJobWhileTheMemoryIsWanted) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto warm = co_await s.run("who");
    EXPECT_GT(number_in(warm, "pid"), 0);
    s.pool().set_hold(Hold::kRunningOnly);
    EXPECT_TRUE(goes_away(static_cast<pid_t>(number_in(warm, "pid"))));
    const auto next = co_await s.run("who");
    EXPECT_NE(number_in(next, "pid"), number_in(warm, "pid"));
    EXPECT_TRUE(goes_away(static_cast<pid_t>(number_in(next, "pid"))));
  });
}

TEST(EngineLife, StopsWithAJobRunningAndOneWaiting) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    Background running;
    Background waiting;
    s.start(running, s.request("slow"));
    co_await s.hears("working");
    s.start(waiting, s.request("who"));
    co_await s.pool().stop();
    EXPECT_EQ(children(), 0U);
    const auto first = co_await s.finish(running);
    const auto second = co_await s.finish(waiting);
    EXPECT_EQ(failure_of(first), "cancelled: cancelled");
    EXPECT_EQ(failure_of(second), "cancelled: cancelled");
    const auto late = co_await s.run("who");
    EXPECT_EQ(failure_of(late), "cancelled: cancelled");
  });
}

TEST(EngineLife, P3_KillsAnEngineThatIgnoresTheStop) {
  Stage stage;
  auto manifest = stage.manifest("stubborn-at-quit");
  manifest.term_again = milliseconds(20);
  manifest.kill_after = milliseconds(60);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("who");
    EXPECT_GT(number_in(answer, "pid"), 0);
    co_await s.pool().stop();
    EXPECT_EQ(children(), 0U);
  });
}

asio::awaitable<void> leave_one_behind(Stage& s, std::string prompt) {
  const auto answer = co_await s.run(std::move(prompt));
  const auto left_behind = static_cast<pid_t>(number_in(answer, "pid"));
  EXPECT_GT(left_behind, 0) << failure_of(answer);
  const auto next = co_await s.run("who");
  EXPECT_GT(number_in(next, "pid"), 0) << failure_of(next);
  if (left_behind > 0) {
    EXPECT_TRUE(goes_away(left_behind));
  }
}

TEST(EngineLife, P3_LeavesNoGrandchildThatHoldsThePipe) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> { co_await leave_one_behind(s, "grandchild"); });
}

TEST(EngineLife, P3_LeavesNoDaemonThatLeftTheGroup) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> { co_await leave_one_behind(s, "daemon"); });
}

}  // namespace
}  // namespace engine
