#include "config/show.h"

#include <boost/json.hpp>

#include "config/toml_file.h"
#include "unit/config/environment.h"

namespace config {
namespace {

using testing::HasSubstr;
using testing::Not;

class ShowTest : public HomeTest {
 protected:
  Settings settings() {
    write_config("auth_token = \"SECRET-1\"\nregistration_secret = \"SECRET-2\"\nlocal_api_token = \"SECRET-3\"\n");
    Overrides overrides;
    overrides.policy = "/rules";
    const auto loaded = load(overrides);
    EXPECT_TRUE(loaded) << message_of(loaded);
    return loaded->settings;
  }
};

TEST_F(ShowTest, EveryValueHasItsOriginAndNoSecretItsText) {
  const std::string text = show_text(settings(), false);
  EXPECT_THAT(text, HasSubstr("# " + config_file().string()));
  EXPECT_THAT(text, testing::ContainsRegex("vram_threshold_gb = 8.0 +# config.toml:2\n"));
  EXPECT_THAT(text, testing::ContainsRegex("policy = \"/rules\" +# --policy\n"));
  EXPECT_THAT(text, testing::ContainsRegex("max_jobs = 1 +# default\n"));
  EXPECT_THAT(text, testing::ContainsRegex("auth_token = \"\\[REDACTED\\]\" +# config.toml:3\n"));
  EXPECT_THAT(text, Not(HasSubstr("SECRET")));
  EXPECT_TRUE(parse_toml(text, "c")) << "it is a file that loads";
}

TEST_F(ShowTest, SecretsAreShownOnRequestOnly) {
  EXPECT_THAT(show_text(settings(), true), HasSubstr("SECRET-1"));
  EXPECT_THAT(show_json(settings(), true), HasSubstr("SECRET-2"));
}

TEST_F(ShowTest, TheJsonFormSaysTheSame) {
  const std::string text = show_json(settings(), false);
  EXPECT_THAT(text, Not(HasSubstr("SECRET")));
  const auto shown = boost::json::parse(text).as_object();
  EXPECT_EQ(shown.at("file").as_string(), config_file().string());
  EXPECT_TRUE(shown.at("exists").as_bool());
  const auto& values = shown.at("values").as_object();
  EXPECT_EQ(values.at("vram_threshold_gb").at("value").as_double(), 8.0);
  EXPECT_EQ(values.at("vram_threshold_gb").at("origin").as_string(), "config.toml:2");
  EXPECT_EQ(values.at("auth_token").at("value").as_string(), "[REDACTED]");
  EXPECT_EQ(values.at("worker_id").at("value").as_string(), "") << "an absent secret is not redacted";
}

}  // namespace
}  // namespace config
