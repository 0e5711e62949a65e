#include "engine/frames.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace engine {
namespace {

template <class T>
T decoded(const std::string& text) {
  auto frame = decode(text);
  if (!frame || !std::holds_alternative<T>(*frame)) {
    ADD_FAILURE() << "not the frame that was meant: " << text;
    return {};
  }
  return std::get<T>(*frame);
}

std::string refusal(const std::string& text) {
  const auto frame = decode(text);
  return frame ? "accepted" : frame.error().message;
}

TEST(Frames, WritesTheGreeting) {
  Manifest manifest;
  EXPECT_EQ(encode_hello(manifest), R"({"type":"hello","protocol":1,"gpu":null,"settings":{}})");
  manifest.needs_gpu = true;
  EXPECT_EQ(encode_hello(manifest), R"({"type":"hello","protocol":1,"gpu":{"index":0},"settings":{}})");
}

TEST(Frames, WritesALoad) {
  RunRequest request;
  request.model = base::ModelId("m \"1\"");
  EXPECT_EQ(encode_load(request), R"({"type":"load","model":"m \"1\"","files":[],"defaults":{}})");
  request.files = {{"vae", "/m/a"}, {"lora", ""}};
  request.defaults = R"({"steps":4})";
  EXPECT_EQ(encode_load(request), R"({"type":"load","model":"m \"1\"","files":[{"role":"vae","path":"/m/a"},)"
                                  R"({"role":"lora","path":""}],"defaults":{"steps":4}})");
}

TEST(Frames, WritesARunWithTheTaskAsItIs) {
  RunRequest request;
  request.job = base::JobId("j1");
  request.task = std::make_shared<const std::string>(R"({ "kind": "image",  "cfg": 1.50 })");
  request.inputs = {{"images", 2, "/t/in 2", "image/png"}, {"mask", 0, "/t/m", "image/webp"}};
  request.out_dir = "/t/out";
  EXPECT_EQ(encode_run(request), R"({"type":"run","job":"j1","task":{ "kind": "image",  "cfg": 1.50 },"inputs":[)"
                                 R"({"name":"images","index":2,"path":"/t/in 2","type":"image/png"},)"
                                 R"({"name":"mask","index":0,"path":"/t/m","type":"image/webp"}],"out_dir":"/t/out"})");
}

TEST(Frames, WritesCancelAndQuit) {
  EXPECT_EQ(encode_cancel(base::JobId("j1")), R"({"type":"cancel","job":"j1"})");
  EXPECT_EQ(encode_quit(), R"({"type":"quit"})");
}

TEST(Frames, ReadsReadyAndLoaded) {
  const auto ready = decoded<ReadyFrame>(R"({"type":"ready","protocol":1,"name":"n","version":"2","kinds":["x"]})");
  EXPECT_EQ(ready.protocol, 1);
  EXPECT_EQ(ready.name, "n");
  const auto loaded = decoded<LoadedFrame>(R"({"type":"loaded","model":"m","vram_bytes":5000000000})");
  EXPECT_EQ(loaded.model, "m");
  EXPECT_EQ(loaded.vram, 5'000'000'000U);
}

TEST(Frames, ReadsProgressAndForgivesItsDetails) {
  const auto frame =
      decoded<ProgressFrame>(R"({"type":"progress","job":"j","fraction":1.5,"step":-1,"steps":8,"note":"a\nb"})");
  EXPECT_EQ(frame.job.str(), "j");
  EXPECT_EQ(frame.progress.fraction, 1.0);
  EXPECT_FALSE(frame.progress.step.has_value());
  EXPECT_EQ(frame.progress.steps, 8U);
  EXPECT_EQ(frame.progress.note, "a\\x0ab");
  const auto bare = decoded<ProgressFrame>(R"({"type":"progress","job":"j","fraction":"much"})");
  EXPECT_FALSE(bare.progress.fraction.has_value());
}

TEST(Frames, ReadsLogLevels) {
  EXPECT_EQ(decoded<LogFrame>(R"({"type":"log","level":"error","text":"t"})").level, base::log::Level::kError);
  EXPECT_EQ(decoded<LogFrame>(R"({"type":"log","level":"warning","text":"t"})").level, base::log::Level::kWarn);
  EXPECT_EQ(decoded<LogFrame>(R"({"type":"log","level":"odd","text":"t"})").level, base::log::Level::kInfo);
}

TEST(Frames, HandsAJsonResultOnByteForByte) {
  const auto json_of_frame = [](const std::string& text) { return decoded<ResultFrame>(text).json; };
  EXPECT_EQ(json_of_frame(R"({"type":"result","job":"j","json":{ "a": 1.50, "b":"}\"," }})"),
            R"({ "a": 1.50, "b":"}\"," })");
  EXPECT_EQ(json_of_frame(R"( { "json" : [1.0e3,{"json":2}] ,"type":"result","job":"j"} )"), R"([1.0e3,{"json":2}])");
  EXPECT_EQ(json_of_frame(R"({"type":"result","job":"j","json":-12.0})"), "-12.0");
  EXPECT_EQ(json_of_frame(R"({"type":"result","job":"j","json":"text"})"), R"("text")");
  EXPECT_EQ(json_of_frame(R"({"type":"result","job":"j","json":1,"json":2})"), "2");
}

TEST(Frames, FindsAJsonResultWhoseNameIsSpeltWithEscapes) {
  EXPECT_EQ(decoded<ResultFrame>(R"({"type":"result","job":"j","js\u006fn":{"a":7}})").json, R"({"a":7})");
}

TEST(Frames, ReadsAFileResult) {
  const auto frame = decoded<ResultFrame>(R"({"type":"result","job":"j","file":"r.png","ext":"png"})");
  EXPECT_EQ(frame.file, "r.png");
  EXPECT_EQ(frame.ext, "png");
  EXPECT_TRUE(frame.json.empty());
}

TEST(Frames, MapsFailures) {
  const auto failed = [](const std::string& text) {
    const auto frame = decoded<FailedFrame>(text);
    return std::string(to_string(frame.failure.failure)) + ": " + frame.failure.message;
  };
  EXPECT_EQ(failed(R"({"type":"failed","job":"j","class":"oom_vram","message":"full"})"), "oom_vram: full");
  EXPECT_EQ(failed(R"({"type":"failed","job":"j","class":"new one","message":"m"})"), "crashed: m");
  EXPECT_EQ(failed(R"({"type":"failed","model":"m","message":"m"})"), "model_load_failed: m");
  EXPECT_EQ(failed(R"({"type":"failed","job":"j"})"), "crashed: the engine gave no reason");
}

TEST(Frames, IgnoresTypesOfALaterVersion) {
  EXPECT_EQ(decoded<UnknownFrame>(R"({"type":"metrics","x":1})").type, "metrics");
}

TEST(Frames, SaysWhatIsWrong) {
  EXPECT_NE(refusal("{\"type\"").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal("").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal("{} {}").find("not JSON"), std::string::npos);
  EXPECT_EQ(refusal("[]"), "a frame that is not a JSON object");
  EXPECT_EQ(refusal(R"({"type":7})"), "a frame without a type");
  EXPECT_EQ(refusal(R"({"type":"ready"})"), "`ready` without a protocol number");
  EXPECT_EQ(refusal(R"({"type":"progress"})"), "`progress` without a job");
  EXPECT_EQ(refusal(R"({"type":"result","json":1})"), "`result` without a job");
  EXPECT_EQ(refusal(R"({"type":"result","job":"j"})"), "`result` without a file and without JSON");
  EXPECT_EQ(refusal(R"({"type":"result","job":"j","file":"a","json":1})"), "`result` with a file and JSON");
  EXPECT_NE(refusal(std::string(10'000, '[')).find("not JSON"), std::string::npos) << "depth is limited";
}

}  // namespace
}  // namespace engine
