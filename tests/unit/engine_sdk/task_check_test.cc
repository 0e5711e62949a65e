#include "engine_sdk/task_check.h"

#include <gtest/gtest.h>

namespace engine_sdk {
namespace {

std::string fault(std::string_view kind, std::string_view task) {
  return check_task(kind, boost::json::parse({task.data(), task.size()}).as_object()).value_or("");
}

TEST(TaskCheck, TheShortestTaskOfEachKindPasses) {
  EXPECT_EQ(fault("image", R"({"prompt":""})"), "");
  EXPECT_EQ(fault("llm", R"({"messages":[]})"), "");
  EXPECT_EQ(fault("audio_stt", R"({"inputUrl":"u"})"), "");
  EXPECT_EQ(fault("audio_tts", R"({"text":"t"})"), "");
  EXPECT_EQ(fault("video", R"({"prompt":"p"})"), "");
  EXPECT_EQ(fault("mesh", R"({"imageUrl":"u"})"), "");
}

TEST(TaskCheck, OptionalParametersMayBeNullAndUnknownOnesAnything) {
  EXPECT_EQ(fault("image", R"({"prompt":"p","seed":null,"denoise":null,"maskUrl":null,"newer":[{}]})"), "");
  EXPECT_EQ(fault("llm", R"({"messages":[],"stop":null,"topP":null,"jsonSchema":{"type":"object"}})"), "");
}

TEST(TaskCheck, DefaultedParametersMayBeAbsentButNotNull) {
  EXPECT_EQ(fault("image", R"({"prompt":"p","width":null})"), "task.width must be a whole number from 0 to 4294967295");
  EXPECT_EQ(fault("audio_tts", R"({"text":"t","voice":null})"), "task.voice must be a string");
}

TEST(TaskCheck, AMissingRequiredParameterIsNamed) {
  EXPECT_EQ(fault("image", "{}"), "task.prompt must be a string");
  EXPECT_EQ(fault("llm", "{}"), "task.messages must be a list of objects with the strings role and content");
  EXPECT_EQ(fault("audio_stt", "{}"), "task.inputUrl must be a string");
  EXPECT_EQ(fault("mesh", R"({"imageUrl":null})"), "task.imageUrl must be a string");
}

TEST(TaskCheck, WholeNumbersStayInTheirRange) {
  EXPECT_EQ(fault("image", R"({"prompt":"p","steps":4294967295,"seed":18446744073709551615})"), "");
  EXPECT_NE(fault("image", R"({"prompt":"p","steps":4294967296})"), "");
  EXPECT_NE(fault("image", R"({"prompt":"p","steps":-1})"), "");
  EXPECT_NE(fault("image", R"({"prompt":"p","steps":20.0})"), "");
  EXPECT_NE(fault("image", R"({"prompt":"p","seed":1e3})"), "");
}

TEST(TaskCheck, AnExtensionCannotLeadOutOfTheFolder) {
  EXPECT_EQ(fault("image", R"({"prompt":"p","ext":"jpg"})"), "");
  for (const char* task :
       {R"({"prompt":"p","ext":""})", R"({"prompt":"p","ext":"../x"})", R"({"prompt":"p","ext":"PNG"})",
        R"({"prompt":"p","ext":"ninechars"})", R"({"prompt":"p","ext":7})"}) {
    EXPECT_EQ(fault("image", task), "task.ext must be a file extension of 1 to 8 lower-case letters or digits");
  }
}

TEST(TaskCheck, ListsAreCheckedToTheirElements) {
  EXPECT_NE(fault("llm", R"({"messages":[{"role":"user"}]})"), "");
  EXPECT_NE(fault("llm", R"({"messages":["hello"]})"), "");
  EXPECT_EQ(fault("llm", R"({"messages":[{"role":"user","content":"x","name":1}]})"), "");
  EXPECT_EQ(fault("llm", R"({"messages":[],"images":["a",1]})"), "task.images must be a list of strings");
  EXPECT_EQ(fault("llm", R"({"messages":[],"chatTemplateKwargs":[]})"), "task.chatTemplateKwargs must be an object");
}

TEST(TaskCheck, KindsOutsideTheContractAreUnknown) {
  EXPECT_TRUE(is_known_kind("audio_tts"));
  EXPECT_FALSE(is_known_kind("hologram"));
  EXPECT_NE(fault("hologram", "{}"), "");
}

}  // namespace
}  // namespace engine_sdk
