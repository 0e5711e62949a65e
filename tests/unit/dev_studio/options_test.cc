#include "options.h"

#include <gmock/gmock.h>

namespace dev_studio {
namespace {

using ::testing::HasSubstr;

base::Result<CommandLine> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "dev-studio");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(Options, ReadsPathsLimitsAndSwitches) {
  const auto line = parse({"--scenario", "a.toml", "--port", "4000", "--report", "r.json", "--results", "out", "--for",
                           "2.5", "--stay", "--bench", "--quick-ack"});
  ASSERT_TRUE(line) << line.error().message;
  const Options& options = line->options;
  EXPECT_EQ(options.scenario, "a.toml");
  EXPECT_EQ(options.port, 4000);
  EXPECT_EQ(options.report, "r.json");
  EXPECT_EQ(options.results, "out");
  EXPECT_EQ(options.seconds, 2.5);
  EXPECT_TRUE(options.stay && options.bench && options.quick_ack);
  EXPECT_TRUE(options.faults.empty());
}

TEST(Options, FaultFlagsBecomeAFaultsTable) {
  const auto line = parse({"--scenario", "a.toml", "--drop-mid-job", "1,3", "--upload-503", "2", "--close-with",
                           "4003@2", "--bare-close", "--register", "reject", "--go-silent-after", "1.5"});
  ASSERT_TRUE(line);
  EXPECT_EQ(
      boost::json::serialize(line->options.faults),
      R"({"drop_mid_job":[1,3],"close_with":["4003@2"],"upload_503":2,"bare_close":true,"go_silent_after":1.5E0,"register":"reject"})");
}

TEST(Options, UsageErrorsSayWhereTheHelpIs) {
  EXPECT_THAT(parse({}).error().message, HasSubstr("--scenario FILE is missing; see dev-studio --help"));
  EXPECT_THAT(parse({"--scenario", "a", "--tide"}).error().message, HasSubstr("tide"));
  EXPECT_THAT(parse({"--scenario", "a", "--port", "70000"}).error().message, HasSubstr("70000"));
  EXPECT_THAT(parse({"--scenario", "a", "--port", "99999"}).error().message, HasSubstr("up to 65535"));
  EXPECT_THAT(parse({"--scenario", "a", "--for", "0"}).error().message, HasSubstr("--for"));
  EXPECT_THAT(parse({"--scenario", "a", "stray"}).error().message, HasSubstr("stray"));
}

TEST(Options, HelpNeedsNoScenario) {
  const auto line = parse({"--help"});
  ASSERT_TRUE(line);
  EXPECT_THAT(line->help, HasSubstr("--drop-mid-job"));
}

}  // namespace
}  // namespace dev_studio
