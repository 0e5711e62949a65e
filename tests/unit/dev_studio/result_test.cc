#include "delivery/result.h"

#include <gmock/gmock.h>

#include "wire/picture.h"
#include "worker_frames.h"

namespace delivery {
namespace {

using scenario::Kind;
using ::testing::HasSubstr;

FileFacts facts(const std::string& ext, const std::string& bytes) {
  const std::size_t kept = std::min(bytes.size(), FileFacts::kKept);
  return {ext, bytes.substr(0, kept), bytes.substr(bytes.size() - kept), bytes.size()};
}

std::string problem_of(Kind kind, const std::string& asked, const FileFacts& file) {
  wire::Problems problems;
  check_file(kind, asked, file, problems);
  return problems.empty() ? "" : problems.front().rule + ": " + problems.front().detail;
}

std::string glb(std::uint32_t length) {
  std::string bytes("glTF\x02\0\0\0", 8);
  bytes += std::string{static_cast<char>(length), 0, 0, 0} + std::string("\x04\0\0\0JSON{}  ", 12);
  return bytes;
}

TEST(Result, WholeFilesOfTheirKindPass) {
  EXPECT_EQ(problem_of(Kind::kImage, "png", facts("png", wire::make_png("a"))), "");
  EXPECT_EQ(problem_of(Kind::kTts, "wav", facts("wav", wire::make_wav())), "");
  EXPECT_EQ(problem_of(Kind::kMesh, "glb", facts("glb", glb(24))), "");
  const std::string webp = std::string("RIFF\x0c\0\0\0WEBPVP8L", 16) + std::string(4, '\0');
  EXPECT_EQ(problem_of(Kind::kImage, "webp", facts("webp", webp)), "");
  EXPECT_EQ(problem_of(Kind::kVideo, "mp4", facts("webp", webp)), "");
}

TEST(Result, TruncatedFilesDoNot) {
  const std::string png = wire::make_png("a");
  EXPECT_THAT(problem_of(Kind::kImage, "png", facts("png", png.substr(0, png.size() - 3))), HasSubstr("result-bytes"));
  const std::string wav = wire::make_wav();
  EXPECT_THAT(problem_of(Kind::kTts, "wav", facts("wav", wav.substr(0, wav.size() / 2))), HasSubstr("result-bytes"));
  EXPECT_THAT(problem_of(Kind::kMesh, "glb", facts("glb", glb(25))), HasSubstr("result-bytes"));
  EXPECT_THAT(problem_of(Kind::kImage, "png", facts("png", "")), HasSubstr("result-bytes"));
}

TEST(Result, TheBytesMustBeWhatTheExtensionSays) {
  EXPECT_THAT(problem_of(Kind::kImage, "webp", facts("webp", wire::make_png("a"))),
              HasSubstr("the bytes are png, not webp"));
  EXPECT_THAT(problem_of(Kind::kTts, "wav", facts("wav", wire::make_png("a"))), HasSubstr("result-bytes"));
}

TEST(Result, PngUnderAnotherAskedImageExtensionIsTolerated) {
  EXPECT_EQ(problem_of(Kind::kImage, "jpg", facts("jpg", wire::make_png("a"))), "");
}

TEST(Result, TheExtensionMustSuitKindAndTask) {
  EXPECT_THAT(problem_of(Kind::kMesh, "glb", facts("png", wire::make_png("a"))), HasSubstr("result-ext"));
  EXPECT_THAT(problem_of(Kind::kImage, "webp", facts("png", wire::make_png("a"))),
              HasSubstr("although the task asks for webp"));
}

TEST(Result, ChatsAndTranscriptsHaveTheirShape) {
  const auto chat_problem = [](const std::string& text) {
    wire::Problems problems;
    check_json_result(Kind::kLlm, json::parse(text), problems);
    return problems.empty() ? "" : problems.front().detail;
  };
  EXPECT_EQ(chat_problem(fakes::chat()), "");
  json::object chat = json::parse(fakes::chat()).as_object();
  chat["usage"].as_object().erase("total_tokens");
  EXPECT_THAT(chat_problem(json::serialize(chat)), HasSubstr("usage.total_tokens"));
  chat["choices"] = json::array{};
  EXPECT_THAT(chat_problem(json::serialize(chat)), HasSubstr("choices is empty"));
  EXPECT_THAT(chat_problem("3"), HasSubstr("object is not chat.completion"));
  wire::Problems problems;
  check_json_result(Kind::kStt, json::parse(R"({"text":"t","language":"en","duration":1.0})"), problems);
  EXPECT_TRUE(problems.empty());
  check_json_result(Kind::kStt, json::parse(R"({"text":"t","language":"en","duration":"1"})"), problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.front().detail, HasSubstr("duration"));
}

TEST(Mime, FollowsTheContractsMapInAnyCase) {
  EXPECT_EQ(mime_of("PNG"), "image/png");
  EXPECT_EQ(mime_of("opus"), "audio/ogg");
  EXPECT_EQ(mime_of("glb"), "model/gltf-binary");
  EXPECT_EQ(mime_of("tide"), "application/octet-stream");
}

}  // namespace
}  // namespace delivery
