#include "policy/logs/log_rule.h"

#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <regex>
#include <set>

#include "../policy_fixture.h"
#include "policy/logs/log_table.h"
#include "policy/rules/rule_set.h"

namespace policy::logs {
namespace {

using namespace std::chrono_literals;
using base::log::Format;
using base::log::Level;
using base::log::Record;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<LogRule> rules_of(const std::string& text) {
  const auto runtime = test::load(text);
  return runtime ? runtime->rules().logs : std::vector<LogRule>();
}

TEST(LogRule, IsReadAsItIsWritten) {
  const auto rules = rules_of(R"(worker.log_to 'none' { about = 'heartbeat' }
worker.log_to 'file:jobs.jsonl' { about = { 'job', 'engine' }, game = 'tide-*', format = 'json', keep = '14d',
                                  max_size = '10MiB', level = 'warn' }
worker.log_to 'studio' { at_most = '60/min', stop = true }
worker.log_to 'console' {})");
  ASSERT_EQ(rules.size(), 4U);
  EXPECT_EQ(rules[0].sink, Sink::kNone);
  EXPECT_THAT(rules[0].about, ElementsAre("heartbeat"));
  EXPECT_EQ(rules[0].place.line, 2);
  EXPECT_EQ(to_string(rules[1]), "file:jobs.jsonl");
  EXPECT_THAT(rules[1].about, ElementsAre("job", "engine"));
  EXPECT_EQ(rules[1].game, "tide-*");
  EXPECT_EQ(rules[1].format, Format::kJson);
  EXPECT_EQ(rules[1].keep, 14 * 24h);
  EXPECT_EQ(rules[1].max_size, 10 * base::kMiB);
  EXPECT_EQ(rules[1].level, Level::kWarn);
  EXPECT_EQ(rules[2].at_most->count, 60U);
  EXPECT_EQ(rules[2].at_most->per, 1min);
  EXPECT_TRUE(rules[2].stop);
  EXPECT_EQ(to_string(rules[3]), "console");
}

TEST(LogRule, WhatIsWrongIsNamedAtItsLineWithWhatWasMeant) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"worker.log_to 'consle' {}", "did you mean 'console'?"},
      {"worker.log_to 'mail' {}", "known: console, studio, none, file:NAME"},
      {"worker.log_to 'fiel:a.log' {}", "did you mean 'file:'?"},
      {"worker.log_to 'file:' {}", "does not name a file"},
      {"worker.log_to 'file:../a.log' {}", "does not name a file"},
      {"worker.log_to 'file:/tmp/a.log' {}", "does not name a file"},
      {"worker.log_to 'file:..' {}", "does not name a file"},
      {"worker.log_to 'file:.hidden' {}", "does not name a file"},
      {"worker.log_to 'console' { levvel = 'info' }", "did you mean 'level'?"},
      {"worker.log_to 'console' { level = 'wran' }", "did you mean 'warn'?"},
      {"worker.log_to 'console' { about = 'hartbeat' }", "did you mean 'heartbeat'?"},
      {"worker.log_to 'console' { about = { 'job', 'wss' } }", "did you mean 'ws'?"},
      {"worker.log_to 'console' { about = 'everything' }", "known: base config"},
      {"worker.log_to 'console' { about = {} }", "is empty"},
      {"worker.log_to 'console' { format = 'jsn' }", "did you mean 'json'?"},
      {"worker.log_to 'file:a' { keep = '14 days' }", "unit"},
      {"worker.log_to 'file:a' { keep = 14 }", "write it with a unit"},
      {"worker.log_to 'file:a' { keep = '5m' }", "shorter than an hour"},
      {"worker.log_to 'file:a' { max_size = '10MB' }", "did you mean 'MiB'?"},
      {"worker.log_to 'file:a' { max_size = '10KiB' }", "less than 1MiB"},
      {"worker.log_to 'console' { keep = '14d' }", "only for files"},
      {"worker.log_to 'studio' { format = 'json' }", "only for the console and for files"},
      {"worker.log_to 'studio' { level = 'debug' }", "the studio takes"},
      {"worker.log_to 'none' { at_most = '1/s' }", "does not go with 'none'"},
      {"worker.log_to 'console' { at_most = '60' }", "write it like '60/min'"},
      {"worker.log_to 'console' { at_most = '60/minute' }", "unknown unit 'minute'"},
      {"worker.log_to 'console' { at_most = '0/min' }", "is not a rate"},
      {"worker.log_to 'console' { at_most = '1.5/s' }", "is not a rate"},
      {"worker.log_to 'console'", "lacks its { ... } part"},
      {"worker.log_to {}", "must be a string"},
  };
  for (const auto& [text, part] : table) {
    const std::string errors = test::load_error(text);
    EXPECT_THAT(errors, HasSubstr("p.lua:2: ")) << text;
    EXPECT_THAT(errors, HasSubstr(part)) << text;
  }
}

TEST(LogRule, OneFileHasOneAgeAndOneSize) {
  EXPECT_EQ(test::load_error("worker.log_to 'file:a' { keep = '1d' }\nworker.log_to 'file:a' { about = 'ws' }"), "");
  EXPECT_THAT(test::load_error("worker.log_to 'file:a' { keep = '1d' }\nworker.log_to 'file:a' { keep = '2d' }"),
              HasSubstr("p.lua:3: worker.log_to 'file:a': keep: differs from that of the same file at p.lua:2"));
}

TEST(LogRule, IsADeclaration) {
  const auto runtime = test::load_hook("worker.log_to 'none' {}");
  ASSERT_TRUE(runtime);
  EXPECT_THAT(runtime->decide(test::make_offer(), test::at({})).error, HasSubstr("it belongs outside of hooks"));
}

/// The list in the policy is that of the sources: a new category that is missing there could not be routed.
TEST(LogRule, EveryCategoryOfTheSourcesIsKnown) {
  const std::regex call(R"re((?:log::\w+\((?:[\w:]+, )?|Category = )"([a-z]+)")re");
  std::set<std::string> used;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(STUDIO_SOURCE_DIR "/src")) {
    const auto extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) used.insert((*at)[1]);
  }
  EXPECT_THAT(used, testing::UnorderedElementsAreArray(categories().begin(), categories().end()));
}

Record record(Level level, std::string category, std::vector<base::log::Field> fields = {}) {
  return {{}, level, std::move(category), "text", std::move(fields)};
}

/// The sinks of the entries that take the record; "usual" when none does.
std::vector<std::string> sinks(LogTable& table, const Record& record, base::SteadyTime now = {}) {
  const auto answer = table.ask(record, now);
  std::vector<std::string> names;
  for (const std::size_t entry : answer.entries) names.push_back(to_string(table.rules()[entry]));
  if (!answer.matched) names.emplace_back("usual");
  return names;
}

TEST(LogTable, TheShippedExample) {
  LogTable table(rules_of(R"(worker.log_to 'none'            { about = 'heartbeat' }
worker.log_to 'console'         { level = 'info' }
worker.log_to 'file:jobs.jsonl' { about = 'job', format = 'json', keep = '14d' }
worker.log_to 'studio'          { level = 'warn', at_most = '60/min' })"),
                 Level::kInfo);
  EXPECT_THAT(sinks(table, record(Level::kError, "heartbeat")), IsEmpty());
  EXPECT_THAT(sinks(table, record(Level::kInfo, "ws")), ElementsAre("console"));
  EXPECT_THAT(sinks(table, record(Level::kInfo, "ws", {{"job", "7"}})), ElementsAre("console", "file:jobs.jsonl"));
  EXPECT_THAT(sinks(table, record(Level::kError, "engine", {{"job", "7"}})),
              ElementsAre("console", "file:jobs.jsonl", "studio"));
  EXPECT_THAT(sinks(table, record(Level::kDebug, "ws")), ElementsAre("usual"));
  EXPECT_EQ(table.least(), Level::kInfo);
}

TEST(LogTable, GamesAndLevelsAndTheEndOfTheSearch) {
  LogTable table(rules_of(R"(worker.log_to 'file:a' { game = 'tide-*', level = 'debug', stop = true }
worker.log_to 'file:b' { about = { 'ws', 'http' } }
worker.log_to 'file:b' { level = 'error' })"),
                 Level::kWarn);
  EXPECT_EQ(table.least(), Level::kDebug);
  EXPECT_THAT(sinks(table, record(Level::kDebug, "ws", {{"game", "tide-runner"}})), ElementsAre("file:a"));
  EXPECT_THAT(sinks(table, record(Level::kError, "ws", {{"game", "ember"}})), ElementsAre("file:b"));
  EXPECT_THAT(sinks(table, record(Level::kError, "ws")), ElementsAre("file:b")) << "once, though two entries match";
  EXPECT_THAT(sinks(table, record(Level::kInfo, "ws")), ElementsAre("usual")) << "below the worker's own level";
  EXPECT_THAT(sinks(table, record(Level::kWarn, "engine")), ElementsAre("usual"));
}

TEST(LogTable, ALimitHoldsBackAndSaysHowManyOnce) {
  LogTable table(rules_of("worker.log_to 'console' { about = 'ws', at_most = '2/min' }\n"
                          "worker.log_to 'file:a' { about = 'ws' }"),
                 Level::kInfo);
  const auto at = [](auto since) { return base::SteadyTime(since); };
  const auto line = record(Level::kInfo, "ws");
  for (int i = 0; i < 2; ++i) EXPECT_THAT(sinks(table, line, at(1s)), ElementsAre("console", "file:a"));
  EXPECT_EQ(table.next_overdue(), std::nullopt);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(sinks(table, line, at(59s)), ElementsAre("file:a"));
  EXPECT_EQ(table.next_overdue(), at(61s));
  EXPECT_THAT(table.overdue(at(60s)), IsEmpty());
  const auto held = table.overdue(at(61s));
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].entry, 0U);
  EXPECT_EQ(held[0].records, 3U);
  EXPECT_THAT(table.overdue(at(62s)), IsEmpty());
  EXPECT_THAT(sinks(table, line, at(62s)), ElementsAre("console", "file:a")) << "a new period";
}

}  // namespace
}  // namespace policy::logs
