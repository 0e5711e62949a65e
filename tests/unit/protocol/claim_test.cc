#include <gmock/gmock.h>
#include <string>
#include <vector>

#include "protocol/frames.h"

namespace {

using testing::ElementsAre;

/// A claim whose task is `task`; its model suggests 1024 x 832 in 8 steps.
std::string claim_with(const std::string& task) {
  return R"({"jobId":"job-1","gameId":"g","assetName":"a","model":"m","vramGbEstimate":1.1,"task":)" + task +
         R"(,"modelSource":{"engine":"x","files":[],)"
         R"("cliDefaults":{"cfgScale":1,"steps":8,"width":1024,"height":832}}})";
}

job::Offer offer_with(const std::string& task) {
  auto offer = protocol::decode_claim(claim_with(task));
  if (!offer) ADD_FAILURE() << offer.error().message;
  return offer ? *offer : job::Offer{};
}

std::vector<std::string> inputs_of(const std::string& task) {
  std::vector<std::string> inputs;
  for (const job::Input& input : offer_with(task).inputs) {
    inputs.push_back(input.name + " " + std::to_string(input.index) + " " + input.url);
  }
  return inputs;
}

TEST(Claim, KeepsTheTaskExactlyAsWritten) {
  const std::string task = "{ \"kind\" : \"image\",\n\"prompt\":\"a \\u0041 } \\\" ]\", \"extra\":[1.50, {\"a\":{}}]}";
  EXPECT_EQ(offer_with(task).task, task);
}

TEST(Claim, KeepsTheModelDefaultsExactlyAsWritten) {
  EXPECT_EQ(offer_with(R"({"kind":"image","prompt":"p"})").source.defaults,
            R"({"cfgScale":1,"steps":8,"width":1024,"height":832})");
}

TEST(Claim, TakesTheSizeOfTheTask) {
  const auto facts = offer_with(R"({"kind":"image","prompt":"four","width":640,"height":480,"steps":30})").facts;
  EXPECT_EQ(facts.width, 640U);
  EXPECT_EQ(facts.height, 480U);
  EXPECT_EQ(facts.steps, 30U);
  EXPECT_EQ(facts.chars, 4U);
  EXPECT_EQ(facts.seconds, std::nullopt);
  EXPECT_EQ(facts.max_tokens, std::nullopt);
}

TEST(Claim, TakesTheSizeOfTheModelWhereTheTaskHasNoneOrZero) {
  const auto facts = offer_with(R"({"kind":"image","prompt":"p","width":0})").facts;
  EXPECT_EQ(facts.width, 1024U);
  EXPECT_EQ(facts.height, 832U);
  EXPECT_EQ(facts.steps, 8U);
}

TEST(Claim, CountsTheBytesOfThePromptWithoutItsEscapes) {
  const auto facts = offer_with(R"({"kind":"audio_tts","text":"\u00e4\n\ud83d\ude00x"})").facts;
  EXPECT_EQ(facts.chars, 2U + 1U + 4U + 1U);
}

TEST(Claim, HasVideoSecondsAndChatTokensWithTheirDefaults) {
  EXPECT_EQ(offer_with(R"({"kind":"video","prompt":"p"})").facts.seconds, 2.0);
  EXPECT_EQ(offer_with(R"({"kind":"video","prompt":"p","seconds":0.5})").facts.seconds, 0.5);
  EXPECT_EQ(offer_with(R"({"kind":"llm","messages":[]})").facts.max_tokens, 512U);
  EXPECT_EQ(offer_with(R"({"kind":"llm","messages":[],"maxTokens":9})").facts.max_tokens, 9U);
}

TEST(Claim, NamesWhatTheCoreMustFetch) {
  EXPECT_THAT(inputs_of(R"({"kind":"llm","messages":[],"images":["https://a/1","data:image/png;base64,AA"]})"),
              ElementsAre("images 0 https://a/1", "images 1 data:image/png;base64,AA"));
  EXPECT_THAT(inputs_of(R"({"kind":"mesh","imageUrl":"https://a/1"})"), ElementsAre("image 0 https://a/1"));
  EXPECT_THAT(inputs_of(R"({"kind":"image","prompt":"p","refImageUrl":"https://r","maskUrl":"https://m",)"
                        R"("initImageUrl":"https://i"})"),
              ElementsAre("initImage 0 https://i", "mask 0 https://m", "refImage 0 https://r"));
  EXPECT_THAT(inputs_of(R"({"kind":"video","prompt":"p","initImageUrl":"https://i"})"),
              ElementsAre("initImage 0 https://i"));
  EXPECT_THAT(inputs_of(R"({"kind":"audio_stt","inputUrl":"https://a/w"})"), ElementsAre("audio 0 https://a/w"));
  EXPECT_THAT(inputs_of(R"({"kind":"image","prompt":"p","maskUrl":null})"), ElementsAre());
}

TEST(Claim, AcceptsNullWhereTheWireAllowsIt) {
  offer_with(R"({"kind":"image","prompt":"p","negativePrompt":null,"denoise":null,"cfgScale":null,"seed":null,)"
             R"("samplingMethod":null})");
  offer_with(R"({"kind":"llm","messages":[],"system":null,"topP":null,"stop":null,"jsonSchema":null,)"
             R"("reasoning":null,"chatTemplateKwargs":null,"images":null})");
  offer_with(R"({"kind":"audio_stt","inputUrl":"u","language":null,"translate":null,"prompt":null,"vad":null,)"
             R"("timestamps":null})");
}

TEST(Claim, IgnoresKeysItDoesNotKnow) {
  EXPECT_EQ(offer_with(R"({"kind":"mesh","imageUrl":"u","sparkle":{"a":[1,2,{"a":1}]}})").kind, job::Kind::kMesh);
}

TEST(Claim, ReadsKeysThatAreWrittenWithEscapes) {
  EXPECT_EQ(offer_with(R"({"\u006bind":"image","prom\u0070t":"p"})").kind, job::Kind::kImage);
}

TEST(FullPrompt, IsTheOneOfItsKind) {
  using job::Kind;
  EXPECT_EQ(protocol::full_prompt(Kind::kImage, R"({"kind":"image","prompt":"a \"b\" \u00e4"})"), "a \"b\" \xC3\xA4");
  EXPECT_EQ(protocol::full_prompt(Kind::kVideo, R"({"prompt":"v"})"), "v");
  EXPECT_EQ(protocol::full_prompt(Kind::kAudioStt, R"({"prompt":"hint","inputUrl":"https://a"})"), "https://a");
  EXPECT_EQ(protocol::full_prompt(Kind::kAudioTts, R"({"text":"say"})"), "say");
  EXPECT_EQ(protocol::full_prompt(Kind::kMesh, R"({"imageUrl":"https://a"})"), "");
  EXPECT_EQ(protocol::full_prompt(Kind::kLlm, R"({"messages":[{"role":"system","content":"s"},)"
                                              R"({"content":"last","role":"user"}]})"),
            "last");
  EXPECT_EQ(protocol::full_prompt(Kind::kLlm, R"({"messages":[]})"), "");
}

TEST(FullPrompt, OfADamagedTaskIsEmptyOrCutOff) {
  EXPECT_EQ(protocol::full_prompt(job::Kind::kImage, ""), "");
  EXPECT_EQ(protocol::full_prompt(job::Kind::kImage, R"({"prompt)"), "");
  EXPECT_EQ(protocol::full_prompt(job::Kind::kImage, R"({"prompt":"cut of\)"), "cut of\xEF\xBF\xBD");
  EXPECT_EQ(protocol::full_prompt(job::Kind::kLlm, R"([{"messages")"), "");
}

TEST(RequestedExt, IsTheTasksOrTheKindsOwn) {
  using job::Kind;
  EXPECT_EQ(protocol::requested_ext(Kind::kImage, R"({"ext":"png"})"), "png");
  EXPECT_EQ(protocol::requested_ext(Kind::kImage, "{}"), "webp");
  EXPECT_EQ(protocol::requested_ext(Kind::kAudioTts, "{}"), "wav");
  EXPECT_EQ(protocol::requested_ext(Kind::kVideo, "{}"), "mp4");
  EXPECT_EQ(protocol::requested_ext(Kind::kMesh, "{}"), "glb");
  EXPECT_EQ(protocol::requested_ext(Kind::kLlm, R"({"ext":"png"})"), "json");
}

}  // namespace
