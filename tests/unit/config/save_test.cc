#include "config/save.h"

#include <sys/stat.h>

#include "config/toml_file.h"
#include "unit/config/environment.h"

namespace config {
namespace {

using testing::HasSubstr;

class SaveTest : public HomeTest {
 protected:
  Settings settings() const {
    Settings settings;
    settings.config_file = config_file();
    return settings;
  }
  std::string text() const { return *base::read_file(config_file()); }
  mode_t mode() const {
    struct stat info {};
    EXPECT_EQ(::stat(config_file().c_str(), &info), 0);
    return info.st_mode & 0777U;
  }
};

constexpr const char* kFile =
    "# my worker\n"
    "api_base_url = \"https://studio.example\"   # the studio\n"
    "\n"
    "  vram_threshold_gb = 8.0\t# half of the card\n"
    "auth_token=\"a # b\" # keep me\n"
    "\n"
    "# about the table\n"
    "[extra]\n"
    "auth_token = \"not the key you mean\"\n";

TEST_F(SaveTest, ChangesOneValueAndNothingElse) {
  std::string expected = kFile;
  write(config_file(), kFile);
  ASSERT_TRUE(save(settings(), {{"vram_threshold_gb", "4.5"}}));
  expected.replace(expected.find("  vram_threshold_gb = 8.0"), 25, "vram_threshold_gb = 4.5");
  EXPECT_EQ(text(), expected);
  ASSERT_TRUE(save(settings(), {{"auth_token", toml_string("new # \"x\"")}}));
  expected.replace(expected.find("auth_token=\"a # b\""), 18, "auth_token = \"new # \\\"x\\\"\"");
  EXPECT_EQ(text(), expected);
}

TEST_F(SaveTest, AddsAKeyAboveTheFirstTableAndItsComment) {
  write(config_file(), kFile);
  ASSERT_TRUE(save(settings(), {{"worker_id", toml_string("w-1")}}));
  EXPECT_THAT(text(), HasSubstr("# keep me\n\nworker_id = \"w-1\"\n# about the table\n[extra]\n"));
}

TEST_F(SaveTest, RemovesAKeyAndLeavesTheTableAlone) {
  write(config_file(), kFile);
  ASSERT_TRUE(save(settings(), {{"auth_token", std::nullopt}, {"install_id", std::nullopt}}));
  const auto table = *parse_toml(text(), "c");
  EXPECT_FALSE(table.contains("auth_token"));
  EXPECT_TRUE(table.at("extra").table()->contains("auth_token"));
  EXPECT_THAT(text(), HasSubstr("# about the table"));
}

TEST_F(SaveTest, KeepsLineEndsAndQuotedKeys) {
  write(config_file(), "api_base_url = \"u\"\r\n\"vram_threshold_gb\" = 8 # x\r\n");
  ASSERT_TRUE(save(settings(), {{"vram_threshold_gb", "9.0"}, {"auto_enabled", "false"}}));
  EXPECT_EQ(text(), "api_base_url = \"u\"\r\nvram_threshold_gb = 9.0 # x\r\nauto_enabled = false\r\n");
}

TEST_F(SaveTest, AFileWithoutALastNewlineIsCompletedFirst) {
  write(config_file(), "api_base_url = \"u\"\nvram_threshold_gb = 8");
  ASSERT_TRUE(save(settings(), {{"auto_enabled", "true"}}));
  EXPECT_EQ(text(), "api_base_url = \"u\"\nvram_threshold_gb = 8\nauto_enabled = true\n");
}

TEST_F(SaveTest, CreatesAPrivateFileThatLoads) {
  ASSERT_TRUE(save(settings(), {{"worker_id", toml_string("w-1")},
                                {"auth_token", toml_string("tok\\\"")},
                                {"install_id", toml_string("i\\\"\n\x7F")}}));
  EXPECT_EQ(mode(), 0600U);
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << message_of(loaded);
  EXPECT_EQ(loaded->settings.worker_id.str(), "w-1");
  EXPECT_EQ(loaded->settings.auth_token.reveal(), "tok\\\"");
  EXPECT_EQ(loaded->settings.install_id, "i\\\"\n\x7F");
  EXPECT_EQ(loaded->settings.api_base_url, Settings().api_base_url);
}

TEST_F(SaveTest, MakesAReadableFilePrivateWhenItWritesIt) {
  write_config("", 0644);
  ASSERT_TRUE(save(settings(), {{"auth_token", toml_string("t")}}));
  EXPECT_EQ(mode(), 0600U);
}

TEST_F(SaveTest, LeavesABrokenFileAlone) {
  const std::string broken = "api_base_url = \"u\nvram_threshold_gb = 8\n";
  write(config_file(), broken);
  const auto saved = save(settings(), {{"auto_enabled", "true"}});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, base::Code::kInvalid);
  EXPECT_EQ(text(), broken);
}

TEST_F(SaveTest, RefusesWhatALineEditWouldGetWrong) {
  const std::string required = "api_base_url = \"u\"\nvram_threshold_gb = 8\n";
  const std::vector<std::pair<std::string, Change>> table = {
      {"label = \"\"\"\nauth_token = 'x'\n\"\"\"\n", {"auth_token", toml_string("t")}},
      {"label = \"\"\"\nauth_token = 'x'\n\"\"\"\nauth_token = \"real\"\n", {"auth_token", toml_string("t")}},
      {"label = \"\"\"\nauth_token = 'x'\n\"\"\"\nauth_token = \"real\"\n", {"auth_token", std::nullopt}},
      {"policy = \"\"\"\na\"\"\"\n", {"policy", toml_string("b")}},
      {"engines_path = [\n\"a\",\n]\n", {"engines_path", "[]"}},
  };
  for (const auto& [more, change] : table) {
    write(config_file(), required + more);
    const auto saved = save(settings(), {change});
    EXPECT_FALSE(saved) << more;
    EXPECT_EQ(text(), required + more);
  }
}

TEST_F(SaveTest, ALinkStaysALink) {
  const auto real = file("dotfiles/worker.toml");
  write(real, "api_base_url = \"u\"\nvram_threshold_gb = 8\n");
  std::filesystem::create_directories(config_file().parent_path());
  std::filesystem::create_symlink(real, config_file());
  ASSERT_TRUE(save(settings(), {{"auto_enabled", "false"}}));
  EXPECT_TRUE(std::filesystem::is_symlink(config_file()));
  EXPECT_THAT(*base::read_file(real), HasSubstr("auto_enabled = false"));
}

TEST_F(SaveTest, NoChangeWritesNothing) {
  ASSERT_TRUE(save(settings(), {}));
  EXPECT_FALSE(std::filesystem::exists(config_file()));
}

TEST(TomlText, NumbersAndStringsReadBackAsTheyWere) {
  for (const double number : {0.0, 12.0, 4.5, 0.1, 1e-7, 123456789.0, 1e20}) {
    const auto parsed = parse_toml("a = " + toml_number(number) + "\n", "c");
    ASSERT_TRUE(parsed) << toml_number(number);
    EXPECT_EQ(std::get<double>(parsed->at("a").value), number);
  }
  for (const std::string& text :
       {std::string(), std::string("\"\\\n\t\x01\x7F"), std::string("ü 世界 🎨"), std::string("#")}) {
    const auto parsed = parse_toml("a = " + toml_string(text) + "\n", "c");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(std::get<std::string>(parsed->at("a").value), text);
  }
}

}  // namespace
}  // namespace config
