#include "scenario/claim.h"

#include <gmock/gmock.h>

namespace scenario {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

constexpr const char* kBase = "http://127.0.0.1:4000";

json::object claim_of(const Entry& entry, std::uint64_t index = 0) {
  return json::parse(make_claim(entry, index, "job-9", kBase).text).as_object();
}

TEST(Claim, HasEveryKeyOfTheContract) {
  Entry entry{.kind = Kind::kImage, .model = "synthetic-image"};
  const json::object claim = claim_of(entry);
  for (const char* key : {"jobId", "gameId", "assetName", "model", "vramGbEstimate", "task", "modelSource"}) {
    EXPECT_TRUE(claim.contains(key)) << key;
  }
  const json::object& source = claim.at("modelSource").as_object();
  EXPECT_EQ(source.at("engine").as_string(), "synthetic");
  EXPECT_TRUE(source.at("files").is_array());
  for (const char* key : {"cfgScale", "steps", "width", "height"}) {
    EXPECT_TRUE(source.at("cliDefaults").as_object().contains(key)) << key;
  }
}

TEST(Claim, KeepsThePromptThatResultsMustRepeat) {
  EXPECT_EQ(make_claim({.kind = Kind::kImage, .prompt = "a lantern"}, 0, "job-9", kBase).prompt, "a lantern");
  EXPECT_EQ(make_claim({.kind = Kind::kLlm, .prompt = "Name one tide."}, 0, "job-9", kBase).prompt, "Name one tide.");
  EXPECT_EQ(make_claim({.kind = Kind::kTts, .prompt = "All hands"}, 0, "job-9", kBase).prompt, "All hands");
  EXPECT_EQ(make_claim({.kind = Kind::kMesh, .prompt = "ignored"}, 0, "job-9", kBase).prompt, "");
  EXPECT_THAT(make_claim({.kind = Kind::kStt, .prompt = "a bell"}, 0, "job-9", kBase).prompt,
              StartsWith("http://127.0.0.1:4000/job-input/p-1/job-9/"));
}

TEST(Claim, TakesThePromptFromAnOverriddenTask) {
  Entry entry{.kind = Kind::kLlm};
  entry.task = json::parse(R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]})").as_object();
  EXPECT_EQ(make_claim(entry, 0, "job-9", kBase).prompt, "b");
}

TEST(Claim, NumbersPromptsOfSeveralJobsOnly) {
  Entry entry{.kind = Kind::kImage, .count = 3, .prompt = "lantern"};
  EXPECT_EQ(make_claim(entry, 2, "job-9", kBase).prompt, "lantern #2");
  entry.unique_prompts = false;
  EXPECT_EQ(make_claim(entry, 2, "job-9", kBase).prompt, "lantern");
}

TEST(Claim, PadsThePromptToItsSize) {
  EXPECT_EQ(
      make_claim({.kind = Kind::kImage, .prompt = "lantern", .prompt_bytes = 5000}, 0, "job-9", kBase).prompt.size(),
      5000U);
  EXPECT_EQ(make_claim({.kind = Kind::kStt, .prompt = "x", .prompt_bytes = 5000}, 0, "job-9", kBase).prompt.size(),
            5000U);
}

TEST(Claim, GivesAChatWithPicturesAProjector) {
  Entry entry{.kind = Kind::kLlm, .images = 2};
  const json::object claim = claim_of(entry);
  EXPECT_EQ(claim.at("task").as_object().at("images").as_array().size(), 2U);
  const json::array& files = claim.at("modelSource").as_object().at("files").as_array();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files.front().as_object().at("role").as_string(), "text-encoder-vision");
}

TEST(Claim, SendsARawClaimAsItIs) {
  Entry entry{.kind = Kind::kImage, .raw_claim = R"({"jobId":"{job}","x":"{job}"})"};
  EXPECT_EQ(make_claim(entry, 0, "job-9", kBase).text, R"({"jobId":"job-9","x":"job-9"})");
  entry.raw_claim = "{job";
  EXPECT_EQ(make_claim(entry, 0, "job-9", kBase).text, "{job");
}

TEST(Claim, OverridesTaskAndModelSource) {
  Entry entry{.kind = Kind::kImage};
  entry.task = {{"ext", "webp"}, {"width", 0}};
  entry.model_source = {{"engine", "parakeet"}};
  const json::object claim = claim_of(entry);
  EXPECT_EQ(claim.at("task").as_object().at("ext").as_string(), "webp");
  EXPECT_EQ(claim.at("modelSource").as_object().at("engine").as_string(), "parakeet");
  EXPECT_EQ(make_claim(entry, 0, "job-9", kBase).ext, "webp");
}

}  // namespace
}  // namespace scenario
