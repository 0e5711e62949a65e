#include "engine/model_files.h"

#include <fstream>
#include <gmock/gmock.h>

#include "base/files.h"

namespace engine::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ModelFolder, IsOnePlainName) {
  EXPECT_EQ(sanitised_model_id("org/model:v2"), "org_model_v2");
  EXPECT_EQ(sanitised_model_id(".."), "_.");
  EXPECT_EQ(sanitised_model_id(""), "_");
  EXPECT_EQ(sanitised_model_id("flux-1.dev"), "flux-1.dev");
}

class ModelFilesTest : public testing::Test {
 protected:
  ModelFilesTest() {
    offer_.model = base::ModelId("org/qwen");
    offer_.source.files = {{"model", "https://s.example/m", "m.gguf", 5 * base::kGiB, ""},
                           {"text-encoder-vision", "https://s.example/p", "mmproj.gguf", 600 * base::kMiB, ""}};
  }
  ModelFiles find(bool read = true) const { return find_model_files(root_.path(), offer_, read); }
  std::filesystem::path place(const char* name) const { return root_.path() / "org_qwen" / name; }
  void put(const char* name) const {
    std::filesystem::create_directories(place(name).parent_path());
    std::ofstream(place(name)) << "weights";
  }

  base::TempDir root_ = std::move(*base::TempDir::create("model-files-test"));
  job::Offer offer_;
};

TEST_F(ModelFilesTest, AreLookedUpWhereThePublicWorkerKeepsThem) {
  put("m.gguf");
  put("mmproj.gguf");
  const auto found = find();
  ASSERT_EQ(found.files.size(), 2U);
  EXPECT_EQ(found.files[0].path, place("m.gguf"));
  EXPECT_EQ(found.files[1].role, "text-encoder-vision");
  EXPECT_THAT(found.missing, IsEmpty());
  EXPECT_EQ(found.missing_size, 0U);
}

TEST_F(ModelFilesTest, ThoseThatAreMissingAreNamedAndAddedUp) {
  EXPECT_THAT(find().missing, ElementsAre("m.gguf", "mmproj.gguf"));
  EXPECT_EQ(find().missing_size, 5 * base::kGiB + 600 * base::kMiB);
  put("m.gguf");
  std::filesystem::create_directories(place("mmproj.gguf"));
  EXPECT_THAT(find().missing, ElementsAre("mmproj.gguf")) << "a folder is no file";
  EXPECT_EQ(find().missing_size, 600 * base::kMiB);
}

TEST_F(ModelFilesTest, ASizeThatTheStudioDoesNotTellIsUnknown) {
  offer_.source.files[0].approx_bytes.reset();
  EXPECT_EQ(find().missing_size, std::nullopt);
  put("m.gguf");
  EXPECT_EQ(find().missing_size, 600 * base::kMiB);
}

TEST_F(ModelFilesTest, AnEngineThatReadsNoneMissesNone) {
  const auto found = find(false);
  ASSERT_EQ(found.files.size(), 2U);
  EXPECT_TRUE(found.files[0].path.empty());
  EXPECT_THAT(found.missing, IsEmpty());
  EXPECT_EQ(found.missing_size, 0U);
}

}  // namespace
}  // namespace engine::test
