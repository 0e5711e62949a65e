#include <gmock/gmock.h>

#include "../policy_fixture.h"
#include "policy/host/protocol.h"
#include "policy/logs/log_facts.h"

namespace policy::logs {
namespace {

using namespace std::chrono_literals;
using base::log::Level;
using base::log::Record;
using testing::HasSubstr;

const base::WallTime kNow = test::utc(2026, 3, 25, 1);

LogFacts job_line(std::string message = "offer received") {
  return {Level::kInfo, "ws", std::move(message), "8f3c", "unannounced", "image", "why=\"a b\""};
}

std::unique_ptr<PolicyRuntime> hooked(const std::string& body, RuntimeOptions options = {}) {
  return test::load("worker.on('log', function(record)\n" + body + "\nend)", options);
}

LogFacts one(const std::string& body, const LogFacts& record = job_line()) {
  const auto runtime = hooked(body);
  if (!runtime) return {};
  auto rewritten = runtime->rewrite({record}, kNow);
  EXPECT_EQ(rewritten.error, "") << body;
  return rewritten.records.at(0).value_or(LogFacts{});
}

std::string error_of(const std::string& body) {
  const auto runtime = hooked(body);
  if (!runtime) return "";
  const auto rewritten = runtime->rewrite({job_line()}, kNow);
  EXPECT_EQ(rewritten.records.size(), 1U);
  EXPECT_FALSE(rewritten.records.at(0)) << body;
  return rewritten.error;
}

TEST(LogHook, ChangesItsCopy) {
  const auto changed = one(R"(if record.game == 'unannounced' then
  record.message, record.details, record.game = '[hidden]', nil, '[hidden]'
  record.level, record.about = 'warn', 'engine'
end)");
  EXPECT_EQ(changed, (LogFacts{Level::kWarn, "engine", "[hidden]", "8f3c", "[hidden]", "image", std::nullopt}));
  EXPECT_EQ(one("local x = record.message .. record.level .. record.about"), job_line());
}

TEST(LogHook, SeesWhatTheHooksBeforeItMade) {
  const auto runtime = test::load(
      "worker.on('log', function(r) r.message = r.message .. ' a' end)\n"
      "worker.on('log', function(r) r.message = r.message .. ' b' end)");
  ASSERT_TRUE(runtime);
  const auto rewritten = runtime->rewrite({job_line("1"), job_line("2")}, kNow);
  EXPECT_EQ(rewritten.records.at(0)->message, "1 a b");
  EXPECT_EQ(rewritten.records.at(1)->message, "2 a b");
}

TEST(LogHook, WhatARecordLacksIsNilAndAPromptIsNeverThere) {
  const LogFacts bare{Level::kError, "worker", "ended"};
  EXPECT_EQ(one("if record.game or record.job or record.details or record.prompt then record.message = 'no' end", bare),
            bare);
  EXPECT_EQ(one("record.prompt = '[hidden]'"), job_line());
}

TEST(LogHook, WhatIsWrongIsNamedAtItsLine) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"record.mesagge = 'x'", "p.lua:3: unknown fact 'mesagge', did you mean 'message'?"},
      {"return record.gaem", "p.lua:3: unknown fact 'gaem', did you mean 'game'?"},
      {"record.level = 'wran'", "p.lua:3: unknown level 'wran', did you mean 'warn'?"},
      {"record.about = 'hartbeat'", "did you mean 'heartbeat'?"},
      {"record.message = nil", "p.lua:3: record.message must be a string, not a nil"},
      {"record.game = {}", "record.game must be a string or nil, not a table"},
      {"record.message = string.rep('x', 8001)", "longer than 8000 bytes"},
      {"return true", "the hook returned a boolean; a log hook changes its record and returns nothing"},
      {"worker.decline 'no'", "p.lua:3: a verdict that is not returned; a log hook has none to give"},
      {"return worker.decline 'no'", "returns nothing"},
      {"error('broken')", "p.lua:3: broken"},
      {"while true do end", "p.lua:3"},
      {"local t = {} for i = 1, 1e9 do t[i] = {i} end", "p.lua:"},
  };
  for (const auto& [body, part] : table) EXPECT_THAT(error_of(body), HasSubstr(part)) << body;
}

TEST(LogHook, AFailureCostsOneRecordAndTheNextIsAskedAbout) {
  const auto runtime = hooked("if record.message == 'bad' then record.game = 'half' error('no') end\nrecord.job = 'x'");
  ASSERT_TRUE(runtime);
  const auto rewritten = runtime->rewrite({job_line("1"), job_line("bad"), job_line("3")}, kNow);
  ASSERT_EQ(rewritten.records.size(), 3U);
  EXPECT_EQ(rewritten.records[0]->job, "x");
  EXPECT_FALSE(rewritten.records[1]);
  EXPECT_EQ(rewritten.records[2]->game, "unannounced");
  EXPECT_EQ(rewritten.error, "p.lua:3: no");
}

TEST(LogHook, ALoopEndsTheBatchAndTheNextBatchGoesOnBehindIt) {
  const auto runtime = hooked("if record.message == 'bad' then while true do end end record.job = 'x'");
  ASSERT_TRUE(runtime);
  auto rewritten = runtime->rewrite({job_line("bad"), job_line("2")}, kNow);
  ASSERT_EQ(rewritten.records.size(), 1U) << "the caller asks again about the rest";
  EXPECT_FALSE(rewritten.records[0]);
  rewritten = runtime->rewrite({job_line("2")}, kNow);
  EXPECT_EQ(rewritten.records.at(0)->job, "x");
}

TEST(LogHook, KnowsTheTime) {
  const auto runtime = test::load(
      "worker.window 'night' { from = '22:00', to = '07:00' }\nworker.zone 'UTC'\n"
      "worker.on('log', function(r) if worker.in_window 'night' then r.job = 'n' end end)");
  ASSERT_TRUE(runtime);
  EXPECT_EQ(runtime->rewrite({job_line()}, kNow).records.at(0)->job, "n");
  EXPECT_EQ(runtime->rewrite({job_line()}, kNow + 11h).records.at(0)->job, "8f3c");
}

TEST(LogFacts, TheChangesGoIntoTheRecordAndNothingElse) {
  Record record{{}, Level::kInfo, "ws", "text", {{"job", "7"}, {"why", "secret"}}, {{"game", "g"}}};
  const LogFacts before = facts_of(record);
  EXPECT_EQ(before, (LogFacts{Level::kInfo, "ws", "text", "7", "g", std::nullopt, "why=secret"}));
  LogFacts after = before;
  change(record, before, after);
  EXPECT_EQ(record.fields.size(), 2U);
  after.game = "[hidden]";
  after.kind = "image";
  after.details = "why=[hidden]";
  change(record, before, after);
  EXPECT_EQ(to_line(record, base::log::Format::kText).substr(25), "info  [ws] text job=7 why=[hidden] game=[hidden]\n")
      << "a kind that was not there cannot be added";
}

TEST(LogFacts, DetailsThatWereChangedAreEscapedOnce) {
  const Record whole{{}, Level::kInfo, "ws", "text", {{"why", "say \"ü\" \\ x\n"}, {"pid", 7}}, {{"game", "g"}}};
  const LogFacts before = facts_of(whole);
  ASSERT_EQ(before.details, R"(why="say \"ü\" \\ x\x0a" pid=7)");
  const auto line = [&](const std::string& details) {
    Record record = whole;
    LogFacts after = before;
    after.details = details;
    change(record, before, after);
    return to_line(record, base::log::Format::kText).substr(36);
  };
  EXPECT_EQ(line(R"(why="say \"ü\" \\ x\x0a" pid=8)"), R"(text why="say \"ü\" \\ x\x0a" pid=8 game=g)"
                                                       "\n");
  EXPECT_EQ(line("pid=7"), "text pid=7 game=g\n");
  EXPECT_EQ(line("pid=7 other=1"), "text details=\"pid=7 other=1\" game=g\n") << "no field of the record";
  EXPECT_EQ(line("in words"), "text details=\"in words\" game=g\n");
  EXPECT_EQ(line("why=\"x"), "text details=\"why=\\\"x\" game=g\n");
}

TEST(HostProtocol, CarriesLogRulesAndRecords) {
  const auto runtime = test::load(
      "worker.log_to 'file:a.jsonl' { about = 'job', game = 'g*', level = 'warn', keep = "
      "'2d', max_size = '3MiB', format = 'json', at_most = '5/h', stop = true }\n"
      "worker.log_to 'none' {}");
  ASSERT_TRUE(runtime);
  std::string frame;
  host::encode_loaded(frame, runtime->rules(), runtime->has_hooks());
  const auto loaded = host::decode_reply(frame);
  ASSERT_TRUE(loaded);
  const auto& rules = std::get<host::LoadReply>(*loaded).declared.rules.logs;
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(to_string(rules[0]), "file:a.jsonl");
  EXPECT_EQ(rules[0].about, std::vector<std::string>{"job"});
  EXPECT_EQ(rules[0].level, Level::kWarn);
  EXPECT_EQ(rules[0].keep, 48h);
  EXPECT_EQ(rules[0].at_most->count, 5U);
  EXPECT_TRUE(rules[0].stop);
  EXPECT_EQ(rules[1].sink, Sink::kNone);
  for (const auto& change : {std::pair("a.jsonl", "../json"), std::pair("job", "jib")}) {
    std::string changed = frame;
    changed.replace(changed.find(change.first), std::string_view(change.first).size(), change.second);
    EXPECT_FALSE(host::decode_reply(changed)) << change.second;
  }

  encode(frame, host::RewriteRequest{3, kNow, {job_line()}});
  const auto request = host::decode_request(frame);
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<host::RewriteRequest>(*request).records.at(0), job_line());
  EXPECT_EQ(std::get<host::RewriteRequest>(*request).now, kNow);
  for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(host::decode_request(frame.substr(0, size)));
  encode(frame, host::RewriteReply{4, {{job_line(), std::nullopt}, "p.lua:1: x"}});
  const auto reply = host::decode_reply(frame);
  ASSERT_TRUE(reply);
  const auto& rewritten = std::get<host::RewriteReply>(*reply);
  EXPECT_EQ(rewritten.id, 4U);
  EXPECT_EQ(rewritten.rewritten.records.at(0), job_line());
  EXPECT_FALSE(rewritten.rewritten.records.at(1));
  EXPECT_EQ(rewritten.rewritten.error, "p.lua:1: x");
}

}  // namespace
}  // namespace policy::logs
