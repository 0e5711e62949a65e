#include "config/command_line.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <sstream>

#include "config/exit_code.h"

namespace config {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

using Words = std::vector<std::string>;

std::variant<Invocation, Exit> parse(const Words& words) {
  std::vector<const char*> argv = {"studio-worker"};
  for (const auto& word : words) argv.push_back(word.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data(), "1.2.3");
}

Invocation understood(const Words& words) {
  const auto parsed = parse(words);
  const auto* end = std::get_if<Exit>(&parsed);
  EXPECT_EQ(end, nullptr) << end->text;
  return end == nullptr ? std::get<Invocation>(parsed) : Invocation{};
}

Exit refused(const Words& words) {
  const auto parsed = parse(words);
  const auto* end = std::get_if<Exit>(&parsed);
  EXPECT_NE(end, nullptr) << testing::PrintToString(words) << " was understood";
  return end == nullptr ? Exit{} : *end;
}

TEST(CommandLine, KnowsEveryCommand) {
  const std::vector<std::pair<Words, Command>> table = {
      {{"run"}, Command::kRun},
      {{"register"}, Command::kRegister},
      {{"status"}, Command::kStatus},
      {{"config", "show"}, Command::kConfigShow},
      {{"config", "check"}, Command::kConfigCheck},
      {{"set-threshold", "8"}, Command::kSetThreshold},
      {{"enable"}, Command::kEnable},
      {{"disable"}, Command::kDisable},
      {{"pause"}, Command::kPause},
      {{"resume"}, Command::kResume},
      {{"drain"}, Command::kDrain},
      {{"policy", "check"}, Command::kPolicyCheck},
      {{"policy", "explain", "offer.json"}, Command::kPolicyExplain},
      {{"policy", "describe"}, Command::kPolicyDescribe},
      {{"policy", "simulate"}, Command::kPolicySimulate},
      {{"policy", "replay", "--with", "edited"}, Command::kPolicyReplay},
      {{"policy", "why"}, Command::kPolicyWhy},
      {{"policy", "history"}, Command::kPolicyHistory},
      {{"policy", "rollback"}, Command::kPolicyRollback},
      {{"policy", "test"}, Command::kPolicyTest},
      {{"policy", "promote"}, Command::kPolicyPromote},
      {{"policy", "diff", "edited"}, Command::kPolicyDiff},
      {{"policy", "diff", "policies", "edited"}, Command::kPolicyDiff},
      {{"engine", "list"}, Command::kEngineList},
      {{"policy", "trace"}, Command::kPolicyTrace},
  };
  for (const auto& [words, command] : table) {
    const Invocation invocation = understood(words);
    EXPECT_EQ(invocation.command, command) << words[0];
    EXPECT_FALSE(invocation.json);
    EXPECT_EQ(invocation.overrides.config_file, "");
  }
}

TEST(CommandLine, ReadsTheOptionsOfRun) {
  const Invocation run = understood({"run",
                                     "--policy",
                                     "rules",
                                     "--jobs",
                                     "3",
                                     "--idle-exit=60",
                                     "--drain-timeout",
                                     "5",
                                     "--log-level",
                                     "debug",
                                     "--log-json",
                                     "--state",
                                     "/s",
                                     "--runtime-dir",
                                     "/r",
                                     "--engines",
                                     "/e1",
                                     "--engines",
                                     "/e2",
                                     "--api-base-url",
                                     "http://127.0.0.1:1"});
  EXPECT_EQ(run.overrides.policy, "rules");
  EXPECT_EQ(run.jobs, 3U);
  EXPECT_EQ(run.idle_exit, 60s);
  EXPECT_EQ(run.overrides.drain_timeout, 5s);
  EXPECT_EQ(run.overrides.log_level, "debug");
  EXPECT_TRUE(run.overrides.log_json);
  EXPECT_EQ(run.overrides.state_folder, "/s");
  EXPECT_EQ(run.overrides.runtime_folder, "/r");
  EXPECT_THAT(run.overrides.engines, testing::ElementsAre("/e1", "/e2"));
  EXPECT_EQ(run.overrides.api_base_url, "http://127.0.0.1:1");
}

TEST(CommandLine, ReadsTheOptionsOfTheOthers) {
  EXPECT_EQ(understood({"pause", "--for", "2h"}).pause_for, 2h);
  EXPECT_TRUE(understood({"drain", "--wait"}).wait);
  EXPECT_TRUE(understood({"register", "--reset"}).reset);
  EXPECT_EQ(understood({"register", "--api-base-url", "u"}).overrides.api_base_url, "u");
  EXPECT_TRUE(understood({"config", "show", "--show-secrets"}).show_secrets);
  EXPECT_TRUE(understood({"status", "--json"}).json);
  const Invocation explain = understood({"policy", "explain", "--policy", "p", "o.json", "--at", "2026-03-25 01:12"});
  EXPECT_EQ(explain.overrides.policy, "p");
  EXPECT_EQ(explain.offer_file, "o.json");
  EXPECT_EQ(explain.at, "2026-03-25 01:12");
  const Invocation simulate = understood({"policy", "simulate", "--from", "2026-03-23", "--days", "14"});
  EXPECT_EQ(simulate.from, "2026-03-23");
  EXPECT_EQ(simulate.days, 14);
  EXPECT_FALSE(simulate.whole_week);
  const Invocation week = understood({"policy", "simulate", "--week", "2026-03-23", "--app", "maya@tue14-17", "--app",
                                      "nuke@mon9-10", "--svg", "w.svg", "--vram", "20GiB"});
  EXPECT_EQ(week.from, "2026-03-23");
  EXPECT_TRUE(week.whole_week);
  EXPECT_EQ(week.apps, (Words{"maya@tue14-17", "nuke@mon9-10"}));
  EXPECT_EQ(week.svg, "w.svg");
  EXPECT_EQ(week.vram, "20GiB");
  EXPECT_EQ(understood({"policy", "trace", "--since", "10m"}).since, std::chrono::minutes(10));
}

TEST(CommandLine, GlobalOptionsStandInFrontOrBehind) {
  for (const Words& words : {Words{"--config", "/c", "status", "--json"}, Words{"--config=/c", "--json", "status"},
                             Words{"status", "--config", "/c", "--json"}}) {
    const Invocation status = understood(words);
    EXPECT_EQ(status.command, Command::kStatus);
    EXPECT_EQ(status.overrides.config_file, "/c");
    EXPECT_TRUE(status.json);
  }
  EXPECT_EQ(understood({"--config", "/c", "config", "show"}).command, Command::kConfigShow);
}

TEST(CommandLine, ANegativeThresholdReachesItsOwnCheck) {
  EXPECT_EQ(understood({"set-threshold", "-1.5"}).threshold, -1.5);
  EXPECT_EQ(understood({"set-threshold", "--", "-2"}).threshold, -2.0);
  EXPECT_EQ(understood({"set-threshold", "12"}).threshold, 12.0);
}

TEST(CommandLine, BadUsageIsExitTwoWithTheNearestName) {
  const std::vector<std::pair<Words, std::string>> table = {
      {{"staus"}, "unknown command \"staus\"; did you mean \"status\"?"},
      {{"polcy", "check"}, "did you mean \"policy check\"?"},
      {{"config"}, "error: which config command?"},
      {{"policy"},
       "error: which policy command?\n\nusage: studio-worker policy COMMAND [OPTIONS]\n\n  check     everything"},
      {{"config", "chek"}, "did you mean \"config check\"?"},
      {{"dance"}, "unknown command \"dance\""},
      {{"run", "--polcy", "x"}, "unknown option \"--polcy\"; did you mean \"--policy\"?"},
      {{"run", "-x"}, "unknown option \"-x\""},
      {{"run", "---"}, "error: "},
      {{"run", "extra"}, "run takes no argument \"extra\""},
      {{"run", "--jobs"}, "missing an argument"},
      {{"run", "--jobs", "0"}, "--jobs needs a whole number from 1"},
      {{"run", "--jobs", "three"}, "not \"three\""},
      {{"run", "--jobs", "3x"}, "not \"3x\""},
      {{"run", "--idle-exit", "1.5"}, "--idle-exit needs a whole number from 0"},
      {{"run", "--drain-timeout", "-5"}, "--drain-timeout"},
      {{"run", "--drain-timeout", "99999999999999999999"}, "--drain-timeout"},
      {{"run", "--log-level", "loud"}, "debug, info, warn or error"},
      {{"pause", "--for", "soon"}, "like 90s, 30m, 2h or 1d"},
      {{"status", "--reset"}, "unknown option \"--reset\""},
      {{"set-threshold"}, "set-threshold needs GIB"},
      {{"set-threshold", "8", "9"}, "takes no argument \"9\""},
      {{"set-threshold", "much"}, "needs a number, not \"much\""},
      {{"set-threshold", "nan"}, "needs a number"},
      {{"set-threshold", "-x"}, "unknown option \"-x\""},
      {{"policy", "explain"}, "policy explain needs OFFER.json"},
      {{"policy", "explain", "--last", "--id", "7"}, "--last and --id do not go together"},
      {{"policy", "diff"}, "policy diff needs [DIR1] DIR2"},
      {{"policy", "diff", "a", "b", "c"}, "takes no argument"},
      {{"policy", "simulate", "--days", "0"}, "--days needs a whole number from 1 to 3660"},
      {{"policy", "simulate", "--week", "2026-03-23", "--from", "2026-03-24"}, "leave --from and --days out"},
      {{"policy", "describe", "--days", "3"}, "unknown option \"--days\""},
      {{}, "which command?"},
      {{"--json"}, "which command?"},
  };
  for (const auto& [words, text] : table) {
    const Exit end = refused(words);
    EXPECT_EQ(end.code, kExitUsage) << text;
    EXPECT_TRUE(end.to_stderr);
    EXPECT_THAT(end.text, HasSubstr(text));
    EXPECT_THAT(end.text, HasSubstr("--help"));
  }
}

TEST(CommandLine, AGroupOfCommandsHasAList) {
  for (const Words& words : {Words{"policy", "--help"}, Words{"policy", "-h"}, Words{"help", "policy"}}) {
    const Exit end = refused(words);
    EXPECT_EQ(end.code, kExitOk);
    EXPECT_FALSE(end.to_stderr);
    EXPECT_THAT(end.text, StartsWith("usage: studio-worker policy COMMAND"));
    EXPECT_THAT(end.text, HasSubstr("\n  explain   the verdict on an offer, rule by rule\n"));
    EXPECT_THAT(end.text, HasSubstr("\n  shadow    try another policy"));
    EXPECT_THAT(end.text, Not(HasSubstr("drain")));
  }
}

TEST(CommandLine, VersionAndHelpEndWell) {
  for (const Words& words : {Words{"--version"}, Words{"-V"}, Words{"run", "-V"}}) {
    const Exit end = refused(words);
    EXPECT_EQ(end.code, kExitOk);
    EXPECT_FALSE(end.to_stderr);
    EXPECT_EQ(end.text, "studio-worker 1.2.3\n");
  }
  for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"help"}}) {
    const Exit end = refused(words);
    EXPECT_EQ(end.code, kExitOk);
    EXPECT_FALSE(end.to_stderr);
    EXPECT_THAT(end.text, HasSubstr("usage: studio-worker"));
  }
}

TEST(CommandLine, EveryCommandHasHelpWithAnExampleInEightyColumns) {
  const std::vector<Words> commands = {{},
                                       {"run"},
                                       {"register"},
                                       {"status"},
                                       {"config", "show"},
                                       {"config", "check"},
                                       {"set-threshold"},
                                       {"enable"},
                                       {"disable"},
                                       {"pause"},
                                       {"resume"},
                                       {"drain"},
                                       {"policy", "check"},
                                       {"policy", "explain"},
                                       {"policy", "describe"},
                                       {"policy", "simulate"},
                                       {"policy", "trace"},
                                       {"engine", "list"}};
  for (const Words& command : commands) {
    Words words = command;
    words.emplace_back("--help");
    const Exit end = refused(words);
    EXPECT_EQ(end.code, kExitOk);
    if (!command.empty()) {
      EXPECT_THAT(end.text, HasSubstr("example: studio-worker " + command[0]));
      Words other = {"help"};
      other.insert(other.end(), command.begin(), command.end());
      EXPECT_EQ(refused(other).text, end.text);
    }
    std::istringstream lines(end.text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST(CommandLine, TheExamplesInTheHelpAreUnderstood) {
  for (const Words& words :
       {Words{"run", "--policy", "policies/"}, Words{"pause", "--for", "2h"}, Words{"set-threshold", "8"},
        Words{"policy", "explain", "offer.json", "--at", "2026-03-25 01:12"}}) {
    understood(words);
  }
}

TEST(Duration, IsANumberWithAUnit) {
  EXPECT_EQ(*parse_duration("90s"), 90s);
  EXPECT_EQ(*parse_duration("30m"), 30min);
  EXPECT_EQ(*parse_duration("2h"), 2h);
  EXPECT_EQ(*parse_duration("1d"), 24h);
  for (const char* bad : {"", "5", "h", "-1h", "0s", "1.5h", "2 h", "2hours", "99999999999999999999s", "400d"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace config
