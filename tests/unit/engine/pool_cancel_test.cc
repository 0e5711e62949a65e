// Cancelling a job at each of its stages: run() comes back only when the engine is idle again or its group is gone.
#include <gtest/gtest.h>

#include "stage.h"

namespace engine {
namespace {

using std::chrono::milliseconds;

asio::awaitable<void> expect_cancelled(Stage& s, Background& job) {
  s.tasks().cancel(job.task);
  const auto answer = co_await s.finish(job);
  EXPECT_EQ(failure_of(answer), "cancelled: cancelled");
}

TEST(EngineCancel, KeepsAnEngineWarmThatAnswers) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    Background job;
    s.start(job, s.request("slow"));
    const pid_t pid = co_await s.hears("working");
    co_await expect_cancelled(s, job);
    const auto next = co_await s.run("who");
    EXPECT_EQ(number_in(next, "pid"), pid);
  });
}

TEST(EngineCancel, TermsAnEngineThatDoesNotListen) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.term_again = milliseconds(20);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    Background job;
    s.start(job, s.request("deaf"));
    const pid_t pid = co_await s.hears("run");
    co_await expect_cancelled(s, job);
    EXPECT_EQ(children(), 0U) << "reaped before run() came back";
    const auto next = co_await s.run("who");
    EXPECT_NE(number_in(next, "pid"), pid);
  });
}

TEST(EngineCancel, KillsAnEngineThatIgnoresTheTerm) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.term_again = milliseconds(10);
  manifest.kill_after = milliseconds(40);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    Background job;
    s.start(job, s.request("stubborn"));
    co_await s.hears("ignoring");
    co_await expect_cancelled(s, job);
    EXPECT_EQ(children(), 0U);
  });
}

TEST(EngineCancel, EndsAnEngineThatIsStarting) {
  Stage stage;
  auto manifest = stage.manifest("stubborn");
  manifest.term_again = milliseconds(10);
  manifest.kill_after = milliseconds(40);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    Background job;
    s.start(job, s.request("who"));
    co_await s.hears("start");
    co_await expect_cancelled(s, job);
    EXPECT_EQ(children(), 0U);
  });
}

TEST(EngineCancel, EndsAnEngineThatIsLoading) {
  Stage stage;
  stage.play(stage.manifest("never-loaded"), [](Stage& s) -> asio::awaitable<void> {
    Background job;
    s.start(job, s.request("who"));
    co_await s.hears("load");
    co_await expect_cancelled(s, job);
    EXPECT_EQ(children(), 0U);
  });
}

TEST(EngineCancel, TakesAWaitingJobOutOfTheQueue) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    Background running;
    Background waiting;
    Background last;
    s.start(running, s.request("slow"));
    const pid_t pid = co_await s.hears("working");
    s.start(waiting, s.request("who"));
    s.start(last, s.request("who"));
    co_await expect_cancelled(s, waiting);
    EXPECT_FALSE(running.answer.has_value()) << "the running job does not notice";
    co_await expect_cancelled(s, running);
    const auto answer = co_await s.finish(last);
    EXPECT_EQ(number_in(answer, "pid"), pid);
  });
}

TEST(EngineCancel, EndsAJobThatWaitsForARivalToGo) {
  Stage stage;
  auto manifest = stage.manifest("stubborn-at-quit");
  manifest.term_again = milliseconds(20);
  manifest.kill_after = milliseconds(60);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    const auto first = co_await s.run("who");
    EXPECT_GT(number_in(first, "pid"), 0);
    auto request = s.request("who");
    request.model = base::ModelId("model-b");
    Background job;
    s.start(job, std::move(request));
    co_await s.hears("ignoring");
    co_await expect_cancelled(s, job);
    EXPECT_EQ(children(), 0U);
  });
}

TEST(EngineCancel, LetsTheCallersNextAwaitThrow) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    static constexpr auto kJob = [](Stage& on, base::Event& done, bool& returned) -> asio::awaitable<void> {
      const auto answer = co_await on.run("slow");
      EXPECT_EQ(failure_of(answer), "cancelled: cancelled");
      returned = true;
      done.notify();
      co_await on.run("who");
      ADD_FAILURE() << "a cancelled coroutine goes on";
    };
    base::Event done;
    bool returned = false;
    const auto task = s.tasks().spawn("job", kJob(s, done, returned));
    co_await s.hears("working");
    s.tasks().cancel(task);
    co_await done.wait();
    EXPECT_TRUE(returned);
  });
}

}  // namespace
}  // namespace engine
