// Jobs that come to a good end, and what the engine is given for them.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "stage.h"

namespace engine {
namespace {

using std::chrono::seconds;

std::vector<std::string> environment_of(const Answer& answer) {
  std::vector<std::string> entries;
  const auto value = boost::json::parse(json_of(answer));
  for (const auto& entry : value.at("environment").as_array()) entries.emplace_back(entry.as_string());
  return entries;
}

TEST(EnginePool, HandsAJsonResultOnAsTheEngineWroteIt) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("numbers");
    EXPECT_EQ(json_of(answer), R"({ "a" : 1.50, "b":[0.1e1,{"json":"}"}], "c":12345678901234567890123 })");
  });
}

TEST(EnginePool, FindsAResultFile) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("file", job::Kind::kImage);
    EXPECT_EQ(failure_of(answer), "");
    const auto& file = std::get<job::FileResult>(std::get<job::Artifacts>(answer));
    EXPECT_EQ(file.path, s.folder() / "job-1" / "result.png");
    EXPECT_EQ(file.ext, "png");
    EXPECT_EQ(file.bytes, 7U);
  });
}

TEST(EnginePool, SendsTheRunFrameOfTheProtocol) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    auto request = s.request("frame");
    request.inputs = {{"image", 0, "/tmp/in", "image/png"}};
    const std::string task = *request.task;
    const std::string out_dir = request.out_dir;
    const auto answer = co_await s.pool().run(std::move(request), nullptr);
    const auto frame = boost::json::parse(json_of(answer));
    EXPECT_EQ(frame.at("job").as_string(), "job-1");
    EXPECT_EQ(frame.at("task"), boost::json::parse(task));
    EXPECT_EQ(frame.at("out_dir").as_string(), out_dir);
    EXPECT_EQ(frame.at("inputs").at(0).at("path").as_string(), "/tmp/in");
  });
}

TEST(EnginePool, PassesProgressAndIgnoresFramesItDoesNotKnow) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("progress");
    EXPECT_EQ(failure_of(answer), "");
  });
  ASSERT_EQ(stage.progress.size(), 1U);
  EXPECT_EQ(stage.progress[0].fraction, 0.5);
  EXPECT_EQ(stage.progress[0].step, 1U);
  EXPECT_EQ(stage.progress[0].note, "half");
}

TEST(EnginePool, IgnoresAnswersForOtherJobs) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("stale answers");
    EXPECT_EQ(json_of(answer), "{}");
  });
  EXPECT_TRUE(stage.progress.empty());
}

TEST(EnginePool, CarriesATaskOfFifteenMegabytes) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    auto request = s.request("task size");
    // NOLINTNEXTLINE(bugprone-string-constructor): it is meant to be that long
    const std::string long_text(15'000'000, 'x');
    std::string task = *request.task;
    task.pop_back();
    task += R"(,"text":")" + long_text + "\"}";
    const auto size = static_cast<long>(task.size());
    request.task = std::make_shared<const std::string>(std::move(task));
    const auto answer = co_await s.pool().run(std::move(request), nullptr);
    EXPECT_EQ(number_in(answer, "size"), size);
  });
}

TEST(EnginePool, RefusesATaskAboveTheFrameLimitAndKeepsTheEngine) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto before = co_await s.run("who");
    auto request = s.request("task size");
    request.task = std::make_shared<const std::string>(*request.task + std::string(65 * base::kMiB, ' '));
    const auto answer = co_await s.pool().run(std::move(request), nullptr);
    EXPECT_TRUE(failure_of(answer).starts_with("bad_request: a frame of")) << failure_of(answer);
    const auto after = co_await s.run("who");
    EXPECT_EQ(number_in(after, "pid"), number_in(before, "pid"));
  });
}

TEST(EnginePool, GivesTheEngineAFolderOfItsOwnAndNoSecrets) {
  ::setenv("STUDIO_WORKER_TOKEN", "do not pass this on", 1);
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto answer = co_await s.run("environment");
    const std::string folder(boost::json::parse(json_of(answer)).at("folder").as_string());
    EXPECT_TRUE(folder.starts_with((s.folder() / "scratch").native())) << folder;
    const auto entries = environment_of(answer);
    EXPECT_EQ(std::count(entries.begin(), entries.end(), "HOME=" + folder), 1);
    for (const auto& entry : entries) EXPECT_EQ(entry.find("do not pass this on"), std::string::npos) << entry;
  });
  EXPECT_TRUE(std::filesystem::is_empty(stage.folder() / "scratch")) << "the folder goes with the process";
}

TEST(EnginePool, KeepsAnEngineWarmAndLoadsOnce) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto first = co_await s.run("who");
    const auto second = co_await s.run("who");
    EXPECT_GT(number_in(first, "pid"), 0);
    EXPECT_EQ(number_in(first, "pid"), number_in(second, "pid"));
    EXPECT_EQ(number_in(second, "loads"), 1);
  });
}

TEST(EnginePool, LoadsAnotherModelIntoTheSameProcessWhereTheManifestAllowsIt) {
  Stage stage;
  auto manifest = stage.manifest();
  manifest.instance_key.clear();
  stage.play(manifest, [](Stage& s) -> asio::awaitable<void> {
    const auto first = co_await s.run("who");
    auto request = s.request("who");
    request.model = base::ModelId("model-b");
    const auto second = co_await s.pool().run(std::move(request), nullptr);
    EXPECT_EQ(number_in(first, "pid"), number_in(second, "pid"));
    EXPECT_EQ(number_in(second, "loads"), 2);
  });
}

TEST(EnginePool, EndsTheOldInstanceBeforeItStartsAnotherOne) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto first = co_await s.run("who");
    auto request = s.request("who");
    request.model = base::ModelId("model-b");
    const auto second = co_await s.pool().run(std::move(request), nullptr);
    EXPECT_NE(number_in(first, "pid"), number_in(second, "pid"));
    EXPECT_EQ(number_in(second, "loads"), 1);
    EXPECT_EQ(children(), 1U);
  });
}

TEST(EnginePool, KeepsEnginesWithoutTheGpuBesideEachOther) {
  Stage stage;
  auto other = stage.manifest();
  other.name = "other";
  other.serves = {"onnx"};
  other.needs_gpu = false;
  stage.play({stage.manifest(), other}, [](Stage& s) -> asio::awaitable<void> {
    const auto first = co_await s.run("who");
    auto request = s.request("who");
    request.engine = "onnx";
    const auto second = co_await s.pool().run(std::move(request), nullptr);
    const auto third = co_await s.run("who");
    EXPECT_EQ(number_in(first, "pid"), number_in(third, "pid"));
    EXPECT_NE(number_in(first, "pid"), number_in(second, "pid"));
  });
}

TEST(EnginePool, KnowsWhatItCannotServe) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    EXPECT_EQ(s.pool().cannot_serve("sd-cpp", job::Kind::kLlm), std::nullopt);
    EXPECT_EQ(s.pool().roster().model_engines, std::vector<std::string>{"sd-cpp"});
    const auto answer = co_await s.run("who", job::Kind::kMesh);
    EXPECT_EQ(failure_of(answer), "unsupported: sd-cpp engine cannot serve mesh tasks");
  });
}

TEST(EnginePool, RunsTwoHundredJobsWithoutLosingADescriptor) {
  Stage stage;
  stage.play(stage.manifest(), [](Stage& s) -> asio::awaitable<void> {
    const auto first = co_await s.run("who");
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 200; ++i) {
      const auto answer = co_await s.run("who");
      EXPECT_EQ(number_in(answer, "pid"), number_in(first, "pid"));
    }
    EXPECT_EQ(open_descriptors(), before);
  });
}

}  // namespace
}  // namespace engine
