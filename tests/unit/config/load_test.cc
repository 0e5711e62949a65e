#include "config/load.h"

#include <fstream>

#include "config/show.h"
#include "unit/config/environment.h"

namespace config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class LoadTest : public HomeTest {};

TEST_F(LoadTest, AMissingFileGivesTheDefaults) {
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << message_of(loaded);
  const Settings& settings = loaded->settings;
  EXPECT_FALSE(settings.file_exists);
  EXPECT_FALSE(std::filesystem::exists(config_file())) << "loading writes nothing";
  EXPECT_EQ(settings.config_file, config_file());
  EXPECT_EQ(settings.api_base_url, "https://studio.minis.gg/");
  EXPECT_EQ(settings.vram_threshold_gb, 12.0);
  EXPECT_EQ(settings.max_jobs, 1U);
  EXPECT_EQ(settings.models_root, file("models"));
  EXPECT_EQ(settings.state_folder, file(".local/state/studio-worker"));
  EXPECT_EQ(settings.runtime_folder, file(".local/state/studio-worker/run"));
  for (const auto& [key, origin] : settings.origins) EXPECT_EQ(origin, "default") << key;
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST_F(LoadTest, ReadsEveryKeyOfOurs) {
  write_config(
      "worker_id = \"w-1\"\nauth_token = \"tok\"\ninstall_id = \"i-1\"\nregistration_request_id = \"rr-1\"\n"
      "registration_secret = \"sec\"\nauto_enabled = false\nauto_start = false\nauto_update_enabled = false\n"
      "start_minimised = false\nonly_when_idle = true\nws_reconnect_attempts = 7\nmodels_root = \"~/m\"\n"
      "policy = \"rules\"\nengines_path = [\"/e1\", \"e2\"]\nmax_jobs = 3\nca_file = \"/ca.pem\"\n"
      "drain_timeout_secs = 5\nlog_level = \"debug\"\nlog_json = true\n");
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << message_of(loaded);
  const Settings& settings = loaded->settings;
  EXPECT_EQ(settings.api_base_url, "https://studio.example");
  EXPECT_EQ(settings.vram_threshold_gb, 8.0) << "a whole number is a number";
  EXPECT_EQ(settings.worker_id.str(), "w-1");
  EXPECT_EQ(settings.auth_token.reveal(), "tok");
  EXPECT_EQ(settings.registration_secret.reveal(), "sec");
  EXPECT_FALSE(settings.auto_enabled || settings.auto_start || settings.auto_update_enabled);
  EXPECT_TRUE(settings.only_when_idle && settings.log_json && settings.file_exists);
  EXPECT_EQ(settings.ws_reconnect_attempts, 7U);
  EXPECT_EQ(settings.models_root, file("m"));
  EXPECT_EQ(settings.policy, config_file().parent_path() / "rules") << "relative to the file that names it";
  EXPECT_THAT(settings.engines, ElementsAre("/e1", config_file().parent_path() / "e2"));
  EXPECT_EQ(settings.max_jobs, 3U);
  EXPECT_EQ(settings.drain_timeout, std::chrono::seconds(5));
  EXPECT_EQ(settings.origins.at("max_jobs"), "config.toml:17");
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST_F(LoadTest, AFileOfThePublicWorkerLoadsAsItIs) {
  write_config(
      "auto_start = true\nauto_update_enabled = true\nauto_update_interval_secs = 1800\n"
      "auto_update_feed = \"https://api.example/releases\"\nauto_update_prerelease = false\nmodels_root = \"/models\"\n"
      "ws_reconnect_attempts = 0\nstart_minimised = true\nlocal_api_port = 4787\nlocal_api_token = \"abc\"\n"
      "stream_port = 4798\nonly_when_idle = false\nmemory_max_gb = 32\ninstall_id = \"5d0c\"\n"
      "bootstrap_token = \"old\"\nengine = \"synthetic\"\nengines = [\"synthetic\"]\nlabel = \"den\"\n"
      "gradio_endpoint_url = \"http://x\"\nsupported_models_override = []\nauto_enabled = true\n");
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << message_of(loaded);
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST_F(LoadTest, P13_AnUnknownKeyIsAWarningWithThePlaceAndTheNearestName) {
  write_config("vram_treshold_gb = 9\nsomething_else = 1\n\"with\\nnewline\" = 1\n");
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << message_of(loaded);
  EXPECT_THAT(
      loaded->warnings,
      testing::UnorderedElementsAre(
          "config.toml:3:20: unknown key \"vram_treshold_gb\"; did you mean \"vram_threshold_gb\"?",
          "config.toml:4:18: unknown key \"something_else\"", "config.toml:5:19: unknown key \"with\\x0anewline\""));
}

TEST_F(LoadTest, P13_AWrongValueIsAnErrorWithThePlaceAndTheKey) {
  struct Bad {
    std::string line;
    std::string message;
  };
  const std::vector<Bad> table = {
      {"auto_enabled = \"SECRET\"", "config.toml:3:16: \"auto_enabled\" must be true or false, not a string"},
      {"worker_id = 3", "config.toml:3:13: \"worker_id\" must be a string, not an integer"},
      {"auth_token = [\"SECRET\"]", "config.toml:3:14: \"auth_token\" must be a string, not an array"},
      {"max_jobs = 0", "config.toml:3:12: \"max_jobs\" must be between 1 and 64"},
      {"max_jobs = 1.5", "config.toml:3:12: \"max_jobs\" must be an integer, not a float"},
      {"max_jobs = 99999999999999999999", "config.toml:3:12: \"max_jobs\" must be between 1 and 64"},
      {"ws_reconnect_attempts = -1", "config.toml:3:25: \"ws_reconnect_attempts\" must be between 0 and 1000000"},
      {"engines_path = \"x\"", "config.toml:3:16: \"engines_path\" must be a list of strings, not a string"},
      {"engines_path = [\"a\", 3]", "config.toml:3:22: \"engines_path\" must be a string, not an integer"},
      {"drain_timeout_secs = 1979-05-27",
       "config.toml:3:22: \"drain_timeout_secs\" must be an integer, not a date or time"},
      {"log_level = \"loud\"", "config.toml:3: the log level must be debug, info, warn or error"},
      {"policy = { a = 1 }", "config.toml:3:10: \"policy\" must be a string, not a table"},
  };
  for (const Bad& bad : table) {
    write_config(bad.line + "\n");
    const auto loaded = load({});
    ASSERT_FALSE(loaded) << bad.line;
    EXPECT_EQ(loaded.error().code, base::Code::kInvalid);
    EXPECT_EQ(loaded.error().message, bad.message);
    EXPECT_THAT(loaded.error().message, Not(HasSubstr("SECRET")));
  }
}

TEST_F(LoadTest, TheThresholdIsAFiniteNumberThatIsNotNegative) {
  for (const char* bad : {"-1", "inf", "nan", "-inf", "1e999", "1000001", "\"12\"", "true"}) {
    write(config_file(), std::string("api_base_url = \"u\"\nvram_threshold_gb = ") + bad + "\n");
    EXPECT_THAT(message_of(load({})), testing::StartsWith("config.toml:2:21: \"vram_threshold_gb\" must be")) << bad;
  }
  write(config_file(), "api_base_url = \"u\"\nvram_threshold_gb = 0\n");
  EXPECT_TRUE(load({}));
}

TEST_F(LoadTest, TwoKeysAreNeededInAFileThatExists) {
  write(config_file(), "vram_threshold_gb = 8\n");
  EXPECT_THAT(message_of(load({})), HasSubstr("\"api_base_url\" is missing"));
  write(config_file(), "api_base_url = \"u\"\n");
  EXPECT_THAT(message_of(load({})),
              HasSubstr("\"vram_threshold_gb\" is missing: write it like vram_threshold_gb = 12"));
  write(config_file(), "");
  EXPECT_THAT(message_of(load({})), AllOf(HasSubstr("\"api_base_url\""), HasSubstr("\"vram_threshold_gb\"")));
}

TEST_F(LoadTest, ATokenThatNoHeaderCanHoldIsRefusedWithoutBeingShown) {
  write_config("auth_token = \"SECRET\\nSECRET\"\n");
  EXPECT_THAT(message_of(load({})), AllOf(HasSubstr("config.toml:3: auth_token holds a blank, a line break"),
                                          HasSubstr("remove the line"), Not(HasSubstr("SECRET"))));
}

TEST_F(LoadTest, LocateFindsTheFoldersOfAFileThatCannotBeRead) {
  write(config_file(), "this is no configuration");
  EXPECT_FALSE(load({}));
  const auto found = locate({});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->config_file, config_file());
  EXPECT_FALSE(found->state_folder.empty());
  EXPECT_FALSE(found->runtime_folder.empty());
}

TEST_F(LoadTest, ATokenThatOthersCanReadIsRefusedWithTheCommandThatHelps) {
  for (const char* secret : {"auth_token", "registration_secret"}) {
    write_config(std::string(secret) + " = \"SECRET\"\n", 0640);
    const auto loaded = load({});
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message, HasSubstr("chmod 600 " + config_file().string()));
    EXPECT_THAT(loaded.error().message, Not(HasSubstr("SECRET")));
    write_config(std::string(secret) + " = \"SECRET\"\n", 0600);
    EXPECT_TRUE(load({}));
  }
  write_config("", 0644);
  EXPECT_TRUE(load({})) << "without a token there is nothing to hide";
}

TEST_F(LoadTest, P13_BrokenFilesAreOfTheConfigurationKind) {
  write_config("max_jobs = \n");
  EXPECT_THAT(message_of(load({})), testing::StartsWith("config.toml:3:"));
  write_config("# " + std::string(100UL * 1024, 'x') + "\n");
  const auto large = load({});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, base::Code::kInvalid);
  EXPECT_THAT(large.error().message, HasSubstr("64 KiB"));
  std::filesystem::remove(config_file());
  std::filesystem::create_directory(config_file());
  const auto folder = load({});
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, HasSubstr("Is a directory"));
}

TEST_F(LoadTest, FlagsStandAboveTheFileAndSayThatTheyDo) {
  write_config("policy = \"/rules\"\nlog_level = \"error\"\ndrain_timeout_secs = 9\n");
  Overrides overrides;
  overrides.api_base_url = "http://127.0.0.1:1";
  overrides.policy = "mine";
  overrides.engines = {"/e"};
  overrides.drain_timeout = std::chrono::seconds(1);
  overrides.log_level = "warn";
  overrides.log_json = true;
  overrides.state_folder = "/s";
  overrides.runtime_folder = "/r";
  const auto loaded = load(overrides);
  ASSERT_TRUE(loaded) << message_of(loaded);
  const Settings& settings = loaded->settings;
  EXPECT_EQ(settings.api_base_url, "http://127.0.0.1:1");
  EXPECT_EQ(settings.policy, std::filesystem::current_path() / "mine") << "relative to the caller";
  EXPECT_THAT(settings.engines, ElementsAre("/e"));
  EXPECT_EQ(settings.drain_timeout, std::chrono::seconds(1));
  EXPECT_EQ(settings.log_level, "warn");
  EXPECT_TRUE(settings.log_json);
  EXPECT_EQ(settings.state_folder, "/s");
  EXPECT_EQ(settings.runtime_folder, "/r");
  EXPECT_EQ(settings.origins.at("policy"), "--policy");
  EXPECT_EQ(settings.origins.at("api_base_url"), "--api-base-url");
  EXPECT_EQ(settings.origins.at("vram_threshold_gb"), "config.toml:2");
}

TEST_F(LoadTest, ReportsThePublicWorkersFileOnlyWhenWeHaveNone) {
  const auto theirs = file(".config/minis-studio-worker/config.toml");
  write(theirs, "api_base_url = \"u\"\nvram_threshold_gb = 8\n");
  EXPECT_EQ(load({})->public_worker_config, theirs);
  Overrides overrides;
  overrides.config_file = theirs;
  const auto imported = load(overrides);
  ASSERT_TRUE(imported);
  EXPECT_EQ(imported->settings.vram_threshold_gb, 8.0);
  EXPECT_FALSE(imported->public_worker_config);
  write_config("");
  EXPECT_FALSE(load({})->public_worker_config);
}

TEST_F(LoadTest, WithoutAHomeItSaysWhatToSet) {
  const Variable no_home("HOME", std::nullopt);
  const auto refused = load({});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("HOME"));
  EXPECT_THAT(refused.error().message, HasSubstr("--config"));
  Overrides overrides;
  overrides.config_file = file("c.toml");
  EXPECT_THAT(message_of(load(overrides)), HasSubstr("--state"));
  overrides.state_folder = file("s");
  EXPECT_TRUE(load(overrides)) << "a service without a home names its places";
}

}  // namespace
}  // namespace config
