// Engines that fail in every way we know of. After each the next job runs.
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "stage.h"

namespace engine {
namespace {

using std::chrono::milliseconds;

struct Fault {
  std::string name;
  std::string prompt;
  job::Kind kind;
  std::string failure;  // the beginning
};

class EngineFaults : public testing::TestWithParam<Fault> {};

asio::awaitable<void> fail_then_work(Stage& s) {
  const auto& [name, prompt, kind, failure] = EngineFaults::GetParam();
  const auto answer = co_await s.run(prompt, kind);
  EXPECT_TRUE(failure_of(answer).starts_with(failure)) << failure_of(answer);
  const auto next = co_await s.run("who");
  EXPECT_GT(number_in(next, "pid"), 0) << failure_of(next);
}

TEST_P(EngineFaults, P4_EndTheJobWithItsCauseAndTheNextJobRuns) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.term_again = milliseconds(200);
  stage.play(manifest, fail_then_work);
}

constexpr auto kLlm = job::Kind::kLlm;
constexpr auto kImage = job::Kind::kImage;
const std::vector<Fault> kFaults = {
    {"Failed", "fail:oom_vram", kLlm, "oom_vram: as you wish"},
    {"UnknownClass", "fail:bad luck", kLlm, "crashed: as you wish"},
    {"Crash", "crash", kLlm,
     "crashed: engine `fake` ended with signal 11 (Segmentation fault); it said last: about to fall"},
    {"ExitZero", "exit:0", kLlm, "crashed: engine `fake` ended with exit code 0; it said last: last words"},
    {"ExitOne", "exit:1", kLlm, "crashed: engine `fake` ended with exit code 1; it said last: last words"},
    {"Exit137", "exit:137", kLlm, "oom_ram: engine `fake` was killed by signal 9"},
    {"Killed", "killed", kLlm, "oom_ram: engine `fake` was killed by signal 9 (out of memory?)"},
    {"NotJson", "not JSON", kLlm, "crashed: engine broke the protocol: a frame that is not JSON"},
    {"NotAnObject", "not an object", kLlm, "crashed: engine broke the protocol: a frame that is not a JSON object"},
    {"NoType", "no type", kLlm, "crashed: engine broke the protocol: a frame without a type"},
    {"Oversize", "oversize", kLlm, "crashed: engine broke the protocol: a frame of 67108865 bytes exceeds the limit"},
    {"ClosedChannel", "closes the channel", kLlm, "crashed: engine broke the protocol: it closed its channel"},
    {"Escape", "escape", kImage, "crashed: engine broke the protocol: the result file `../x` is not a bare file name"},
    {"MissingFile", "missing", kImage,
     "crashed: engine broke the protocol: the result file `result.png`: No such file"},
    {"EmptyFile", "empty", kImage, "crashed: engine broke the protocol: the result file `result.png` is empty"},
    {"Link", "link", kImage, "crashed: engine broke the protocol: the result file `result.png` is not a regular file"},
    {"Folder", "folder", kImage, "crashed: engine broke the protocol: the result file `result.png` is not a regular"},
    {"WrongForm", "file", kLlm, "crashed: engine broke the protocol: a result file for a task of kind llm"},
};
INSTANTIATE_TEST_SUITE_P(EnginePool, EngineFaults, testing::ValuesIn(kFaults),
                         [](const auto& tested) { return tested.param.name; });

TEST(EnginePool, NeverRunsAJobTwiceThatKillsItsEngine) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto warm = co_await s.run("who");
    const auto answer = co_await s.run("crash");
    EXPECT_TRUE(failure_of(answer).starts_with("crashed:"));
    const auto next = co_await s.run("who");
    EXPECT_NE(number_in(next, "pid"), number_in(warm, "pid"));
  });
}

TEST(EnginePool, SurvivesAKillOfTheEngineInTheMiddleOfAJob) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    Background job;
    s.start(job, s.request("slow"));
    const pid_t pid = co_await s.hears("working");
    ::kill(pid, SIGKILL);
    const auto answer = co_await s.finish(job);
    EXPECT_EQ(failure_of(answer), "oom_ram: engine `fake` was killed by signal 9 (out of memory?)");
    const auto next = co_await s.run("who");
    EXPECT_GT(number_in(next, "pid"), 0);
    EXPECT_NE(number_in(next, "pid"), pid);
  });
}

TEST(EnginePool, StartsAgainWhatEndedBetweenTwoJobs) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    for (const char* prompt : {"answer and end", "answer and crash", "answer and end"}) {
      const auto answer = co_await s.run(prompt);
      EXPECT_EQ(json_of(answer), "{}") << failure_of(answer);
    }
  });
}

TEST(EnginePool, EndsAStalledJob) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.deadlines.no_progress = milliseconds(30);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("deaf");
    EXPECT_EQ(failure_of(answer), "stalled: engine `fake` made no progress for 30 ms");
  });
}

TEST(EnginePool, EndsAJobAtItsTotalTimeAndKeepsTheEngineThatAnswers) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto warm = co_await s.run("who");
    auto request = s.request("slow");
    request.max_time = milliseconds(200);
    const auto answer = co_await s.pool().run(std::move(request), nullptr);
    EXPECT_EQ(failure_of(answer), "timeout: the job took longer than 200 ms");
    const auto next = co_await s.run("who");
    EXPECT_EQ(number_in(next, "pid"), number_in(warm, "pid"));
  });
}

TEST(EnginePool, TakesTheManifestsTotalWhenThePolicyAllowsMore) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.deadlines.total = milliseconds(100);
  manifest.term_again = milliseconds(20);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    auto request = s.request("busy and deaf");
    request.max_time = std::chrono::hours(1);
    const auto answer = co_await s.pool().run(std::move(request), nullptr);
    EXPECT_EQ(failure_of(answer), "timeout: the job took longer than 100 ms");
  });
}

TEST(EnginePool, WaitsForItsTurnOnlySoLong) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.deadlines.queue = milliseconds(20);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    Background job;
    s.start(job, s.request("slow"));
    co_await s.hears("working");
    const auto answer = co_await s.run("who");
    EXPECT_EQ(failure_of(answer), "timeout: engine `fake` was busy for too long");
    s.tasks().cancel(job.task);
    co_await s.finish(job);
    const auto next = co_await s.run("who");
    EXPECT_GT(number_in(next, "pid"), 0);
  });
}

struct BadStart {
  std::string name;
  std::string start;
  std::string failure;
};

class EngineStarts : public testing::TestWithParam<BadStart> {};

asio::awaitable<void> fail_twice(Stage& s) {
  for (int i = 0; i < 2; ++i) {
    const auto answer = co_await s.run("who");
    EXPECT_EQ(failure_of(answer), EngineStarts::GetParam().failure);
    EXPECT_EQ(children(), 0U);
  }
}

TEST_P(EngineStarts, ThatFailEndTheJobWithTheirCause) {
  Stage stage;
  auto manifest = stage.manifest(GetParam().start);
  if (GetParam().start == "never-ready") manifest.deadlines.load = milliseconds(100);
  stage.play(manifest, fail_twice);
}

const std::vector<BadStart> kStarts = {
    {"Exit", "dies-at-start", "crashed: engine `fake` ended with exit code 3; it said last: no such device"},
    {"NeverReady", "never-ready", "model_load_failed: engine `fake` was not ready within 100 ms"},
    {"LoadFails", "load-fails", "oom_vram: the card is full"},
    {"LoadFailsSomehow", "load-fails-somehow", "model_load_failed: who knows"},
    {"OtherProtocol", "other-protocol",
     "crashed: engine broke the protocol: it speaks version 2, this worker version 1"},
};
INSTANTIATE_TEST_SUITE_P(EnginePool, EngineStarts, testing::ValuesIn(kStarts),
                         [](const auto& tested) { return tested.param.name; });

TEST(EnginePool, EndsAnEngineThatDoesNotLoadItsModelInTime) {
  Stage stage;
  auto manifest = stage.manifest("never-loaded");
  // Long enough for the program to be ready on a machine that is busy, or the cause would be another one.
  manifest.deadlines.load = std::chrono::seconds(3);
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("who");
    EXPECT_EQ(failure_of(answer), "model_load_failed: engine `fake` did not load the model within 3 s");
    EXPECT_EQ(children(), 0U);
  });
}

TEST(EnginePool, SaysThatAProgramIsMissing) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.command = {"/nowhere/engine"};
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("who");
    EXPECT_EQ(failure_of(answer), "crashed: engine `fake`: cannot start /nowhere/engine: No such file or directory");
  });
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(EnginePool, DropsAFloodOfOutputAndSaysHowMuch) {
  testing::internal::CaptureStderr();
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    co_await s.run("who");
    const std::size_t before = resident_bytes();
    const auto answer = co_await s.run("flood");
    EXPECT_EQ(failure_of(answer), "");
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LT(resident_bytes(), before + 8 * base::kMiB);
#else
    EXPECT_GT(before, 0U);
#endif
  });
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("[engine] line 399 \\x1b[31m\xEF\xBF\xBD of noise engine=fake job=job-2"), std::string::npos);
  EXPECT_EQ(log.find("line 400 "), std::string::npos);
  EXPECT_NE(log.find("19601 more lines of output were dropped"), std::string::npos);
}

TEST(EnginePool, LogsWhatTheEngineSaysWithTheJob) {
  testing::internal::CaptureStderr();
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    co_await s.run("progress");
    co_await s.run("exit:1");
  });
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("warning [engine] a warning of the engine engine=fake job=job-1"), std::string::npos) << log;
  EXPECT_NE(log.find("[engine] last words engine=fake job=job-2"), std::string::npos) << log;
}

}  // namespace
}  // namespace engine
