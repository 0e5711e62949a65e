#include "engine/roster.h"

#include <gtest/gtest.h>

namespace engine {
namespace {

using job::Kind;

Manifest manifest(std::vector<std::string> serves, std::map<Kind, std::vector<std::string>> models) {
  Manifest made;
  made.serves = std::move(serves);
  made.models = std::move(models);
  return made;
}

TEST(Roster, ListsKindsEnginesAndModelsInTheirOrder) {
  const std::vector<Manifest> manifests = {
      manifest({"zeta", "synthetic", "alpha"}, {{Kind::kMesh, {"m"}}, {Kind::kImage, {"s", "b"}}}),
      manifest({"llama-cpp", "sd-cpp"}, {{Kind::kImage, {"a", "b"}}, {Kind::kLlm, {}}})};
  const auto roster = roster_of(manifests);
  const std::vector<std::pair<Kind, std::vector<std::string>>> models = {
      {Kind::kImage, {"a", "b", "s"}}, {Kind::kLlm, {}}, {Kind::kMesh, {"m"}}};
  EXPECT_EQ(roster.models, models);
  EXPECT_EQ(roster.model_engines, (std::vector<std::string>{"sd-cpp", "llama-cpp", "synthetic", "alpha", "zeta"}));
}

TEST(Roster, SaysWhyAnOfferCannotBeServed) {
  const std::vector<Manifest> manifests = {manifest({"sd-cpp"}, {{Kind::kImage, {}}}),
                                           manifest({"sd-cpp"}, {{Kind::kVideo, {}}})};
  EXPECT_EQ(why_not(manifests, "torch", Kind::kImage), "no `torch` engine in this worker (model needs it)");
  EXPECT_EQ(why_not(manifests, "sd-cpp", Kind::kLlm), "sd-cpp engine cannot serve llm tasks");
  EXPECT_EQ(why_not(manifests, "sd-cpp", Kind::kVideo), std::nullopt);
  EXPECT_EQ(find_manifest(manifests, "sd-cpp", Kind::kVideo), 1U);
}

TEST(Roster, KeysAnInstanceByWhatTheManifestNames) {
  RunRequest a;
  a.model = base::ModelId("m");
  a.defaults = "{}";
  a.files = {{"vae", "/x"}};
  RunRequest b = a;
  b.job = base::JobId("other");
  b.task = std::make_shared<const std::string>("{}");
  Manifest keyed;
  EXPECT_EQ(instance_key(keyed, a), "");
  keyed.instance_key = {"model", "files", "defaults"};
  EXPECT_EQ(instance_key(keyed, a), instance_key(keyed, b));
  b.files[0].path = "/y";
  EXPECT_NE(instance_key(keyed, a), instance_key(keyed, b));
  b = a;
  b.defaults = R"({"a":1})";
  EXPECT_NE(instance_key(keyed, a), instance_key(keyed, b));
  keyed.instance_key = {"model"};
  EXPECT_EQ(instance_key(keyed, a), instance_key(keyed, b));
  b.model = base::ModelId("n");
  EXPECT_NE(instance_key(keyed, a), instance_key(keyed, b));
}

TEST(Roster, DoesNotConfuseNeighbouringPartsOfAKey) {
  Manifest keyed;
  keyed.instance_key = {"model", "defaults"};
  RunRequest a;
  a.model = base::ModelId("ab");
  a.defaults = "c";
  RunRequest b;
  b.model = base::ModelId("a");
  b.defaults = "bc";
  EXPECT_NE(instance_key(keyed, a), instance_key(keyed, b));
}

}  // namespace
}  // namespace engine
