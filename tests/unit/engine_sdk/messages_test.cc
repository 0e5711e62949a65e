#include "engine_sdk/messages.h"

#include <gtest/gtest.h>

namespace engine_sdk {
namespace {

namespace json = boost::json;

template <class Message>
std::string fault(const std::variant<Message, Malformed>& message) {
  const auto* malformed = std::get_if<Malformed>(&message);
  return malformed == nullptr ? std::string() : malformed->what;
}

json::object parsed(std::string_view text) {
  return json::parse({text.data(), text.size()}).as_object();
}

TEST(Messages, HelloMayNameAGpuOrNone) {
  const json::object with = parsed(R"({"protocol":1,"gpu":{"index":2},"settings":{"a":1}})");
  const auto on_gpu = read_hello(with);
  ASSERT_EQ(fault(on_gpu), "");
  EXPECT_EQ(std::get<Hello>(on_gpu).gpu, 2);
  EXPECT_EQ(std::get<Hello>(on_gpu).settings.at("a"), 1);
  const json::object without = parsed(R"({"protocol":1,"gpu":null,"future":true})");
  EXPECT_EQ(std::get<Hello>(read_hello(without)).gpu, std::nullopt);
}

TEST(Messages, AnotherProtocolVersionIsRefused) {
  EXPECT_NE(fault(read_hello(parsed(R"({"protocol":2})"))).find("hello.protocol must be 1"), std::string::npos);
  EXPECT_NE(fault(read_hello(parsed(R"({})"))).find("hello.protocol must be 1"), std::string::npos);
}

TEST(Messages, LoadCarriesFilesWithTheirRoles) {
  const json::object frame =
      parsed(R"({"model":"tide","files":[{"role":"vae","path":"/m/ae"}],"defaults":{"steps":8}})");
  const auto load = read_load(frame);
  ASSERT_EQ(fault(load), "");
  const Model& model = std::get<Model>(load);
  EXPECT_EQ(model.id, "tide");
  ASSERT_EQ(model.files.size(), 1U);
  EXPECT_EQ(model.files[0].role, "vae");
  EXPECT_EQ(model.files[0].path, "/m/ae");
  EXPECT_EQ(model.defaults.at("steps"), 8);
}

TEST(Messages, AMissingOrIllTypedMemberIsNamed) {
  EXPECT_EQ(fault(read_load(parsed(R"({"files":[]})"))), "load.model must be a string");
  EXPECT_EQ(fault(read_load(parsed(R"({"model":"m","files":[{"role":"vae"}]})"))),
            "load.files[].path must be a string");
  EXPECT_EQ(fault(read_load(parsed(R"({"model":"m","files":[1]})"))), "load.files must be a list of objects");
  EXPECT_EQ(fault(read_run(parsed(R"({"job":"j","task":[],"out_dir":"/o"})"))), "run.task must be an object");
  EXPECT_EQ(fault(read_run(parsed(R"({"job":"j","task":{}})"))), "run.out_dir must be a string");
  EXPECT_EQ(fault(read_run(parsed(
                R"({"job":"j","task":{},"out_dir":"/o","inputs":[{"name":"a","index":-1,"path":"p","type":"t"}]})"))),
            "run.inputs[].index must be a whole number");
}

TEST(Messages, RunCarriesInputsAndTheTaskAsItCame) {
  const json::object frame = parsed(R"({"job":"j1","task":{"kind":"llm","extra":[1]},"out_dir":"/o",)"
                                    R"("inputs":[{"name":"images","index":1,"path":"/i/1","type":"image/png"}]})");
  const auto run = read_run(frame);
  ASSERT_EQ(fault(run), "");
  const Job& job = std::get<Job>(run);
  EXPECT_EQ(job.task.at("extra"), json::array{1});
  ASSERT_EQ(job.inputs.size(), 1U);
  EXPECT_EQ(job.inputs[0].index, 1U);
  EXPECT_EQ(job.inputs[0].type, "image/png");
}

TEST(Messages, AnswersHaveTheDocumentedShape) {
  EXPECT_EQ(json::serialize(ready_frame({"n", "1", {"llm"}, {"m"}})),
            R"({"type":"ready","protocol":1,"name":"n","version":"1","kinds":["llm"],"models":["m"]})");
  EXPECT_EQ(json::serialize(loaded_frame("m", {.vram_bytes = 7})), R"({"type":"loaded","model":"m","vram_bytes":7})");
  EXPECT_EQ(json::serialize(result_frame("j", FileResult{"result.png", "png"})),
            R"({"type":"result","job":"j","file":"result.png","ext":"png"})");
  EXPECT_EQ(json::serialize(result_frame("j", JsonResult{{{"a", 1}}})),
            R"({"type":"result","job":"j","json":{"a":1}})");
  EXPECT_EQ(json::serialize(failed_frame("model", "m", {FailureClass::kOomVram, "full"})),
            R"({"type":"failed","model":"m","class":"oom_vram","message":"full"})");
}

}  // namespace
}  // namespace engine_sdk
