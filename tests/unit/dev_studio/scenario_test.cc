#include <fstream>
#include <gmock/gmock.h>

#include "base/files.h"
#include "scenario/read.h"
#include "scenario/toml_file.h"

namespace scenario {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ScenarioFile : public ::testing::Test {
 protected:
  base::Result<Scenario> load_text(const std::string& text, const json::object& flags = {}) {
    std::ofstream(path()) << text;
    return load(path(), flags);
  }
  std::string error_of(const std::string& text, const json::object& flags = {}) {
    const auto scenario = load_text(text, flags);
    return scenario ? std::string("no error") : scenario.error().message;
  }
  std::filesystem::path path() const { return folder_->path() / "run.toml"; }

  base::Result<base::TempDir> folder_ = base::TempDir::create("dev-studio-scenario");
};

TEST_F(ScenarioFile, ReadsEveryPart) {
  const auto scenario = load_text(R"(
[studio]
heartbeat_timeout_s = 12.5
max_attempts = 2
order = "sequence"
pace_per_second = 20
worker_id = "w-1"
auth_token = "tide"

[[jobs]]
kind = "audio_tts"
count = 3
game = "tide-runner"
vram_gb = 2
prompt_bytes = 100
expect = ["declined", "unserved"]
task = { voice = "old salt", speed = 1.5 }

[faults]
drop_mid_job = 2
cut_upload = [1, 3]
close_with = "4003@2"
register = "pending:3"
garbage_kinds = ["empty", "binary"]
)");
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->studio.heartbeat_timeout_s, 12.5);
  EXPECT_EQ(scenario->studio.max_attempts, 2U);
  EXPECT_EQ(scenario->studio.order, Order::kSequence);
  EXPECT_EQ(scenario->studio.pace_per_second, 20);
  ASSERT_EQ(scenario->jobs.size(), 1U);
  const Entry& entry = scenario->jobs.front();
  EXPECT_EQ(entry.kind, Kind::kTts);
  EXPECT_EQ(entry.count, 3U);
  EXPECT_EQ(entry.model, "synthetic-tts");
  EXPECT_EQ(entry.vram_gb, 2);
  EXPECT_THAT(entry.expect, ElementsAre(Outcome::kDeclined, Outcome::kUnserved));
  EXPECT_EQ(entry.task.at("voice").as_string(), "old salt");
  EXPECT_THAT(scenario->faults.drop_mid_job, ElementsAre(2));
  EXPECT_THAT(scenario->faults.cut_upload, ElementsAre(1, 3));
  ASSERT_EQ(scenario->faults.close_with.size(), 1U);
  EXPECT_EQ(scenario->faults.close_with.front().code, 4003);
  EXPECT_EQ(scenario->faults.close_with.front().at, 2U);
  EXPECT_EQ(scenario->faults.registration.mode, Registration::Mode::kPending);
  EXPECT_EQ(scenario->faults.registration.count, 3U);
  EXPECT_THAT(scenario->faults.garbage_kinds, ElementsAre(Garbage::kEmpty, Garbage::kBinary));
}

TEST_F(ScenarioFile, AJobMayBeDoneOrDeclinedWhenNothingElseIsExpected) {
  const auto scenario = load_text("[[jobs]]\nkind = \"image\"\n");
  ASSERT_TRUE(scenario);
  EXPECT_THAT(scenario->jobs.front().expect, ElementsAre(Outcome::kDone, Outcome::kDeclined));
  const auto any = load_text("[[jobs]]\nkind = \"image\"\nexpect = \"any\"\n");
  ASSERT_TRUE(any);
  EXPECT_TRUE(any->jobs.front().expect.empty());
}

TEST_F(ScenarioFile, FlagsOverrideTheFaultsOfTheFile) {
  const auto scenario = load_text("[faults]\nupload_503 = 1\nbare_close = true\n", {{"upload_503", 7}});
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->faults.upload_503, 7U);
  EXPECT_TRUE(scenario->faults.bare_close);
}

TEST_F(ScenarioFile, NamesLineAndColumnOfAMistake) {
  EXPECT_THAT(error_of("[[jobs]]\nkind = \"image\"\n[[jobs]]\nkind = \"llm\"\ncount = \"three\"\n"),
              HasSubstr("run.toml:5:9: jobs[1].count must be a whole number"));
  EXPECT_THAT(error_of("[studio]\nmax_attempts = 2\nmax_atempts = 2\n"),
              HasSubstr("run.toml:3:15: studio.max_atempts is not a known key"));
}

TEST_F(ScenarioFile, NamesTheTableOfAMissingKey) {
  EXPECT_THAT(error_of("[studio]\n[[jobs]]\ncount = 2\n"), HasSubstr("run.toml:2:"));
  EXPECT_THAT(error_of("[studio]\n[[jobs]]\ncount = 2\n"), HasSubstr("jobs[0].kind must be image, llm"));
}

TEST_F(ScenarioFile, NamesThePlaceOfBrokenToml) {
  const std::string error = error_of("[studio]\nmax_attempts = \n");
  EXPECT_THAT(error, HasSubstr("run.toml:2:"));
}

TEST_F(ScenarioFile, RefusesValuesOutOfRange) {
  EXPECT_THAT(error_of("[studio]\nmax_attempts = 0\n"), HasSubstr("at least 1"));
  EXPECT_THAT(error_of("[studio]\npace_per_second = -1\n"), HasSubstr("not negative"));
  EXPECT_THAT(error_of("[studio]\npace_per_second = nan\n"), HasSubstr("not negative"));
  EXPECT_THAT(error_of("[studio]\nworker_id = \"w-1\"\n"), HasSubstr("worker_id and auth_token together"));
  EXPECT_THAT(error_of("[faults]\ndrop_mid_job = [0]\n"), HasSubstr("a position from 1"));
  EXPECT_THAT(error_of("[faults]\nclose_with = \"4003\"\n"), HasSubstr("CODE@N"));
  EXPECT_THAT(error_of("[faults]\nregister = \"maybe\"\n"), HasSubstr("faults.register must be approve"));
  EXPECT_THAT(error_of("[[jobs]]\nkind = \"image\"\nexpect = \"finished\"\n"), HasSubstr("jobs[0].expect knows done"));
  EXPECT_THAT(error_of("jobs = 3\n"), HasSubstr("jobs must be a list of tables"));
}

TEST_F(ScenarioFile, RefusesABadFlagByTheFaultsName) {
  EXPECT_THAT(error_of("[studio]\n", {{"drop_mid_job", json::array{"two"}}}),
              HasSubstr("faults.drop_mid_job must be a position from 1"));
}

TEST_F(ScenarioFile, SaysThatAFileIsMissing) {
  const auto scenario = load(path(), {});
  ASSERT_FALSE(scenario);
  EXPECT_EQ(scenario.error().code, base::Code::kNotFound);
}

TEST(Registration, NotFoundAndUnauthorizedHappenOnceUnlessTold) {
  EXPECT_EQ(parse_registration("404")->count, 1U);
  EXPECT_EQ(parse_registration("401:4")->count, 4U);
  EXPECT_FALSE(parse_registration("reject")->count.has_value());
  EXPECT_FALSE(parse_registration("pending:x").has_value());
}

TEST(CodeAt, RefusesWhatIsNoCode) {
  EXPECT_EQ(parse_code_at("503@1")->code, 503);
  EXPECT_FALSE(parse_code_at("4003@0").has_value());
  EXPECT_FALSE(parse_code_at("70000@1").has_value());
  EXPECT_FALSE(parse_code_at("@1").has_value());
}

}  // namespace
}  // namespace scenario
