#include "config/paths.h"

#include "unit/config/environment.h"

namespace config {
namespace {

class PathsTest : public HomeTest {};

TEST_F(PathsTest, FollowXdg) {
  EXPECT_EQ(*default_config_file(), config_file());
  const Variable config("XDG_CONFIG_HOME", "/c");
  const Variable state("XDG_STATE_HOME", "/s");
  const Variable runtime("XDG_RUNTIME_DIR", "/r");
  EXPECT_EQ(*default_config_file(), "/c/studio-worker/config.toml");
  EXPECT_EQ(*default_state_folder(), "/s/studio-worker");
  EXPECT_EQ(default_runtime_folder("/x"), "/r/studio-worker");
}

TEST_F(PathsTest, IgnoreARelativeXdgFolderAsTheStandardSays) {
  const Variable config("XDG_CONFIG_HOME", "relative");
  EXPECT_EQ(*default_config_file(), config_file());
  const Variable empty("XDG_STATE_HOME", "");
  EXPECT_EQ(*default_state_folder(), file(".local/state/studio-worker"));
}

TEST_F(PathsTest, ExpandOnlyALeadingTilde) {
  EXPECT_EQ(expand_home("~"), home_.path());
  EXPECT_EQ(expand_home("~/models"), file("models"));
  EXPECT_EQ(expand_home("~other/models"), "~other/models");
  EXPECT_EQ(expand_home("/a/~/b"), "/a/~/b");
}

TEST_F(PathsTest, EnginesLieBesideTheProgram) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(default_engines_folder(), program.parent_path().parent_path() / "engines");
}

}  // namespace
}  // namespace config
