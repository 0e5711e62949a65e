#include "unit/config/environment.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kMinimal =
    "name = \"sd\"\ncommand = [\"sd-engine\", \"--quiet\"]\nprotocol = 1\nserves = [\"sd-cpp\"]\nkinds = [\"image\"]\n";

class ManifestTest : public HomeTest {
 protected:
  void write_manifest(const std::string& folder, const std::string& text) const {
    write(file("engines/" + folder + "/engine.toml"), text);
  }
  Engines load_all() const { return load_engines({file("engines")}); }
};

TEST_F(ManifestTest, ReadsEverything) {
  write_manifest("sd",
                 std::string(kMinimal) +
                     "instance_key = [\"model\", \"files\"]\nneeds_gpu = true\nfetch_files = false\nidle_seconds = 7\n"
                     "[models]\nimage = [\"a\", \"b\"]\n[deadlines]\nqueue_seconds = 1\nload_seconds = 2\n"
                     "no_progress_seconds = 3\ntotal_seconds = 4\n[stop]\nterm_ms = 5\nkill_ms = 6\n");
  const Engines engines = load_all();
  EXPECT_THAT(engines.warnings, IsEmpty());
  ASSERT_EQ(engines.manifests.size(), 1U);
  const auto& manifest = engines.manifests[0];
  EXPECT_EQ(manifest.name, "sd");
  EXPECT_EQ(manifest.folder, file("engines/sd"));
  EXPECT_THAT(manifest.command, ElementsAre("sd-engine", "--quiet"));
  EXPECT_THAT(manifest.serves, ElementsAre("sd-cpp"));
  EXPECT_THAT(manifest.models.at(job::Kind::kImage), ElementsAre("a", "b"));
  EXPECT_THAT(manifest.instance_key, ElementsAre("model", "files"));
  EXPECT_TRUE(manifest.needs_gpu);
  EXPECT_FALSE(manifest.fetch_files);
  EXPECT_EQ(manifest.idle, std::chrono::seconds(7));
  EXPECT_EQ(manifest.deadlines.queue, std::chrono::seconds(1));
  EXPECT_EQ(manifest.deadlines.total, std::chrono::seconds(4));
  EXPECT_EQ(manifest.term_again, std::chrono::milliseconds(5));
  EXPECT_EQ(manifest.kill_after, std::chrono::milliseconds(6));
}

TEST_F(ManifestTest, ABadOneIsAWarningAndTheOthersLoad) {
  write_manifest("a-good", kMinimal);
  write_manifest("b-broken", "name = \"x\n");
  const Engines engines = load_all();
  ASSERT_EQ(engines.manifests.size(), 1U);
  ASSERT_EQ(engines.warnings.size(), 1U);
  EXPECT_THAT(engines.warnings[0], testing::StartsWith("b-broken/engine.toml:1:8: "));
}

TEST_F(ManifestTest, SaysWhatIsWrongAndWhere) {
  const auto without = [](const std::string& key) {
    std::string text = kMinimal;
    const auto begin = text.find(key + " =");
    return text.erase(begin, text.find('\n', begin) + 1 - begin);
  };
  const std::vector<std::pair<std::string, std::string>> table = {
      {without("name"), "e/engine.toml: the key \"name\" is missing"},
      {without("command"), "\"command\" is missing"},
      {without("protocol"), "\"protocol\" is missing"},
      {without("serves"), "\"serves\" is missing"},
      {without("kinds"), "\"kinds\" is missing"},
      {without("protocol") + "protocol = 2\n", ":5:12: the engine speaks protocol 2, this worker speaks 1"},
      {without("command") + "command = []\n", ":5:11: \"command\" must name a program"},
      {without("command") + "command = \"x\"\n", "must be a list of strings"},
      {without("command") + "command = [\"./x\"]\n", ":5:11: \"command\" must name its program by an absolute path"},
      {std::string(kMinimal) + "\"new\\nline\" = 1\n", ":6:15: unknown key \"new\\x0aline\""},
      {without("kinds") + "kinds = [\"opera\"]\n", "\"opera\" is no kind; kinds are image"},
      {std::string(kMinimal) + "needs_gpu = 1\n", ":6:13: \"needs_gpu\" must be true or false"},
      {std::string(kMinimal) + "idle_second = 1\n",
       ":6:15: unknown key \"idle_second\"; did you mean \"idle_seconds\"?"},
      {std::string(kMinimal) + "idle_seconds = -1\n", "must be between"},
      {std::string(kMinimal) + "instance_key = [\"phase\"]\n", "may hold model, files and defaults"},
      {std::string(kMinimal) + "[models]\nvideo = []\n", "names a kind that is not in \"kinds\""},
      {std::string(kMinimal) + "models = 3\n", "\"models\" must be a table"},
      {std::string(kMinimal) + "[deadlines]\nlode_seconds = 1\n", "unknown key \"deadlines.lode_seconds\""},
      {std::string(kMinimal) + "[deadlines]\nload_seconds = 0\n", "must be between"},
      {std::string(kMinimal) + "[stop]\nterm_ms = \"fast\"\n", "must be an integer"},
  };
  for (const auto& [text, expected] : table) {
    write_manifest("e", text);
    const Engines engines = load_all();
    EXPECT_THAT(engines.manifests, IsEmpty()) << expected;
    ASSERT_EQ(engines.warnings.size(), 1U) << expected;
    EXPECT_THAT(engines.warnings[0], HasSubstr(expected));
  }
}

TEST_F(ManifestTest, ANameCountsOnce) {
  write_manifest("a", kMinimal);
  write_manifest("b", kMinimal);
  const Engines engines = load_all();
  ASSERT_EQ(engines.manifests.size(), 1U);
  EXPECT_EQ(engines.manifests[0].folder, file("engines/a"));
  ASSERT_EQ(engines.warnings.size(), 1U);
  EXPECT_THAT(engines.warnings[0], HasSubstr("exists already"));
}

TEST_F(ManifestTest, AFolderMayBeAnEngineItself) {
  write_manifest("sd", kMinimal);
  EXPECT_EQ(load_engines({file("engines/sd")}).manifests.size(), 1U);
}

TEST_F(ManifestTest, AMissingFolderIsAWarning) {
  const Engines engines = load_engines({file("nowhere")});
  ASSERT_EQ(engines.warnings.size(), 1U);
  EXPECT_THAT(engines.warnings[0], HasSubstr(file("nowhere").string()));
}

TEST_F(ManifestTest, TheShippedManifestsAreFine) {
  const Engines engines = load_engines(
      {std::filesystem::path(STUDIO_SOURCE_DIR) / "engines", std::filesystem::path(STUDIO_SOURCE_DIR) / "examples"});
  EXPECT_THAT(engines.warnings, IsEmpty());
  EXPECT_GE(engines.manifests.size(), 2U) << "synthetic and the example in Python";
}

}  // namespace
}  // namespace config
