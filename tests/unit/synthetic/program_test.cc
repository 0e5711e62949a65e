// The built program, spoken to as the core does.

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

#include "fakes/engine_process.h"
#include "pictures/decode.h"
#include "pictures/encode.h"

namespace {

namespace json = boost::json;
using testing::HasSubstr;

class Program : public testing::Test {
 protected:
  void make_ready(json::array files = {}) {
    ASSERT_EQ(engine_.say_hello().at("type"), "ready");
    ASSERT_EQ(engine_.load("synthetic", std::move(files)).at("type"), "loaded");
  }

  std::string content(std::string_view job, const json::object& result) const {
    std::ifstream file(engine_.out_dir(job) + "/" + std::string(result.at("file").as_string()), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// Runs the task and expects a file with that name and those first bytes.
  void expect_file(std::string_view job, json::object task, std::string_view name, std::string_view magic) {
    const json::object result = engine_.run(job, std::move(task), inputs_);
    ASSERT_EQ(result.at("type"), "result") << result;
    EXPECT_EQ(result.at("file"), json::string_view(name.data(), name.size()));
    EXPECT_EQ("result." + std::string(result.at("ext").as_string()), name);
    EXPECT_TRUE(content(job, result).starts_with(magic));
  }

  void expect_failure(std::string_view job, json::object task, std::string_view failure, std::string_view message) {
    const json::object failed = engine_.run(job, std::move(task), inputs_);
    ASSERT_EQ(failed.at("type"), "failed") << failed;
    EXPECT_EQ(failed.at("class"), json::string_view(failure.data(), failure.size()));
    EXPECT_THAT(std::string(failed.at("message").as_string()), HasSubstr(message));
  }

  void add_picture(std::string_view name, std::size_t index, std::uint32_t width, std::uint32_t height) {
    const std::vector<std::uint8_t> pixels(std::size_t{width} * height * 3, 200);
    const auto png = pictures::encode_png({width, height, pixels}).value();
    add_file(name, index, {png.begin(), png.end()});
  }

  void add_file(std::string_view name, std::size_t index, const std::string& bytes) {
    const std::string path = (engine_.folder() / ("input-" + std::to_string(index))).string();
    std::ofstream(path, std::ios::binary) << bytes;
    inputs_.push_back({{"name", name}, {"index", index}, {"path", path}, {"type", "image/png"}});
  }

  fakes::EngineProcess engine_{STUDIO_SYNTHETIC_ENGINE};
  json::array inputs_;
};

json::object chat_with(std::size_t images) {
  json::array urls;
  for (std::size_t i = 0; i < images; ++i) urls.emplace_back("https://studio.example/i");
  return {
      {"kind", "llm"}, {"messages", json::array{{{"role", "user"}, {"content", "what is this?"}}}}, {"images", urls}};
}

const json::array kProjector{{{"role", "text-encoder-vision"}, {"path", "/models/mmproj"}}};

TEST_F(Program, AdvertisesItsKindsAndOnlyItsOwnModels) {
  const json::object ready = engine_.say_hello();
  EXPECT_EQ(ready.at("name"), "synthetic");
  EXPECT_EQ(ready.at("kinds"), (json::array{"image", "llm", "audio_stt", "audio_tts", "video", "mesh"}));
  for (const json::value& model : ready.at("models").as_array()) {
    EXPECT_TRUE(std::string_view(model.as_string()).starts_with("synthetic"));
  }
}

TEST_F(Program, ServesAllSixKindsInARow) {
  make_ready();
  expect_file("webp", {{"kind", "image"}, {"prompt", "p"}}, "result.webp", "RIFF");
  expect_file("png", {{"kind", "image"}, {"prompt", "p"}, {"ext", "png"}}, "result.png", "\x89PNG");
  expect_file("jpg", {{"kind", "image"}, {"prompt", "p"}, {"ext", "jpg"}}, "result.jpg", "\x89PNG");
  expect_file("video", {{"kind", "video"}, {"prompt", "p"}, {"ext", "mp4"}}, "result.webp", "RIFF");
  expect_file("tts", {{"kind", "audio_tts"}, {"text", "t"}, {"ext", "mp3"}}, "result.wav", "RIFF");
  add_picture("image", 0, 8, 8);
  expect_file("mesh", {{"kind", "mesh"}, {"imageUrl", "u"}}, "result.glb", "glTF");
  const json::object chat = engine_.run("llm", chat_with(0));
  EXPECT_EQ(chat.at("json").at("model"), "synthetic-llm");
  const json::object stt = engine_.run("stt", {{"kind", "audio_stt"}, {"inputUrl", "u"}, {"language", "de"}});
  EXPECT_EQ(stt.at("json").at("language"), "de");
  engine_.send({{"type", "quit"}});
  EXPECT_EQ(engine_.wait(), 0);
}

TEST_F(Program, ThePictureOfAPromptIsTheSameInBothFormats) {
  make_ready();
  const json::object png = engine_.run("a", {{"kind", "image"}, {"prompt", "tide"}, {"ext", "png"}});
  const json::object webp = engine_.run("b", {{"kind", "video"}, {"prompt", "tide"}});
  const auto first = pictures::read_picture(engine_.out_dir("a") + "/result.png").value();
  const auto second = pictures::read_picture(engine_.out_dir("b") + "/result.webp").value();
  EXPECT_EQ(first.width, 512U);
  EXPECT_EQ(first.height, 512U);
  EXPECT_EQ(first.sums, second.sums);
}

TEST_F(Program, ReadsThePicturesOfAChatInTheirOrder) {
  make_ready(kProjector);
  add_picture("images", 1, 30, 20);
  add_picture("images", 0, 7, 5);
  const json::object result = engine_.run("j", chat_with(2), inputs_);
  ASSERT_EQ(result.at("type"), "result") << result;
  EXPECT_THAT(std::string(result.at("json").at_pointer("/choices/0/message/content").as_string()),
              HasSubstr(" (read 2 images: 7x5, 30x20)"));
}

TEST_F(Program, PicturesNeedAProjectorInTheModel) {
  make_ready();
  expect_failure("j", chat_with(1), "unsupported",
                 "model `synthetic` reads no images: its model source has no vision projector (a "
                 "`text-encoder-vision` file)");
}

TEST_F(Program, MoreThanSixteenPicturesAreRefused) {
  make_ready(kProjector);
  expect_failure("j", chat_with(17), "unsupported", "the task carries 17 images; a chat reads at most 16");
}

TEST_F(Program, AnUnreadablePictureIsNamedByItsPlace) {
  make_ready(kProjector);
  add_picture("images", 0, 7, 5);
  add_file("images", 1, "<html>");
  expect_failure("j", chat_with(2), "input_fetch_failed", "input image 2 of 2: not a PNG, JPEG or WebP picture");
  expect_failure("k", {{"kind", "mesh"}, {"imageUrl", "u"}}, "input_fetch_failed", "input image 1 of 1");
}

TEST_F(Program, AnotherLoadChangesTheModelOfTheJobsThatFollow) {
  make_ready(kProjector);
  add_picture("images", 0, 7, 5);
  EXPECT_EQ(engine_.run("with", chat_with(1), inputs_).at("type"), "result");
  ASSERT_EQ(engine_.load("plain").at("type"), "loaded");
  expect_failure("without", chat_with(1), "unsupported", "model `plain` reads no images");
}

TEST_F(Program, ABadTaskFailsWithTheNameOfItsParameter) {
  make_ready();
  expect_failure("a", {{"kind", "image"}}, "bad_request", "task.prompt");
  expect_failure("b", {{"kind", "image"}, {"prompt", "p"}, {"ext", "../up"}}, "bad_request", "task.ext");
  expect_failure("c", {{"prompt", "p"}}, "bad_request", "task.kind");
  expect_failure("d", {{"kind", "hologram"}}, "unsupported", "synthetic engine cannot serve hologram tasks");
  expect_file("e", {{"kind", "image"}, {"prompt", "still here"}}, "result.webp", "RIFF");
}

TEST_F(Program, AResultThatCannotBeWrittenFailsTheJobOnly) {
  make_ready();
  engine_.send({{"type", "run"},
                {"job", "j"},
                {"task", {{"kind", "audio_tts"}, {"text", "t"}}},
                {"inputs", json::array()},
                {"out_dir", "/nonexistent/folder"}});
  const json::object failed = engine_.receive();
  EXPECT_EQ(failed.at("class"), "crashed");
  EXPECT_THAT(std::string(failed.at("message").as_string()), HasSubstr("cannot write result.wav: No such file"));
  expect_file("next", {{"kind", "audio_tts"}, {"text", "t"}}, "result.wav", "RIFF");
}

TEST_F(Program, GarbageEndsIt) {
  make_ready();
  engine_.send_raw(std::string_view("\x02\0\0\0[]", 6));
  EXPECT_EQ(WEXITSTATUS(engine_.wait()), 2);
}

TEST_F(Program, TheEndOfTheSocketEndsIt) {
  make_ready();
  engine_.hang_up();
  EXPECT_EQ(engine_.wait(), 0);
}

std::size_t resident_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") {
      std::size_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

TEST_F(Program, ALongPromptsMemoryIsGivenBack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep freed memory";
#endif
  make_ready();
  const auto run = [this](std::string_view job, std::string content) {
    const json::object result = engine_.run(
        job, {{"kind", "llm"}, {"messages", json::array{{{"role", "user"}, {"content", std::move(content)}}}}});
    ASSERT_EQ(result.at("type"), "result");
  };
  run("warm", "short");
  const std::size_t allowed = resident_kib(engine_.pid()) + 8'000;
  run("long", std::string(30'000'000, 'w'));
  // The memory goes back behind the answer, while other jobs may be running already.
  for (int i = 0; i < 1'000 && resident_kib(engine_.pid()) > allowed; ++i) run(std::to_string(i), "short");
  EXPECT_GT(resident_kib(engine_.pid()), 0U);
  EXPECT_LE(resident_kib(engine_.pid()), allowed);
}

}  // namespace
