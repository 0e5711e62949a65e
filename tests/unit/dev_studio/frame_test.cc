#include "wire/frame.h"

#include <gmock/gmock.h>

#include "worker_frames.h"

namespace wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> rules_of(const Decoded& decoded) {
  std::vector<std::string> rules;
  for (const Problem& problem : decoded.problems) rules.push_back(problem.rule);
  return rules;
}

std::string detail_of(const std::string& text) {
  const Decoded decoded = decode(text);
  return decoded.problems.empty() ? "" : decoded.problems.front().detail;
}

TEST(Frame, ReadsEveryTypeWithoutComplaint) {
  for (const std::string& text :
       {fakes::hello("tide"), fakes::heartbeat(), fakes::heartbeat("job-1"), fakes::accept("job-1"),
        fakes::reject("job-1", "busy"), fakes::reject("job-1", ""), fakes::complete("job-1", "{}", "p"),
        fakes::fail("job-1", true), std::string(R"({"type":"readyForMore"})"),
        std::string(R"({"type":"logBatch","entries":[]})")}) {
    const Decoded decoded = decode(text);
    EXPECT_TRUE(decoded.frame) << text;
    EXPECT_THAT(rules_of(decoded), IsEmpty()) << text;
  }
}

TEST(Frame, UnknownKeysAreFine) {
  EXPECT_THAT(rules_of(decode(R"({"type":"accept","jobId":"j","mood":"calm"})")), IsEmpty());
}

TEST(Frame, UnreadableTextIsNoFrame) {
  for (const char* text : {"", "{", "[]", "3", R"({"jobId":"j"})", R"({"type":3})"}) {
    const Decoded decoded = decode(text);
    EXPECT_FALSE(decoded.frame) << text;
    EXPECT_EQ(decoded.problems.size(), 1U) << text;
  }
}

TEST(Frame, UnknownTypeIsAProblemButReadable) {
  const Decoded decoded = decode(R"({"type":"tide"})");
  ASSERT_TRUE(decoded.frame);
  EXPECT_EQ(decoded.frame->type, FrameType::kUnknown);
  EXPECT_THAT(rules_of(decoded), ElementsAre("frame-type"));
}

TEST(Frame, MissingOrMistypedKeysMakeItUnusable) {
  for (const char* text :
       {R"({"type":"accept"})", R"({"type":"accept","jobId":3})", R"({"type":"reject","jobId":"j"})",
        R"({"type":"reject","jobId":"j","reason":"r","code":1})", R"({"type":"completeJson","jobId":"j"})",
        R"({"type":"fail","jobId":"j","error":"e"})", R"({"type":"fail","jobId":"j","error":"e","retryable":"yes"})",
        R"({"type":"logBatch","entries":{}})"}) {
    const Decoded decoded = decode(text);
    EXPECT_FALSE(decoded.frame) << text;
    EXPECT_THAT(rules_of(decoded), ElementsAre("frame-key")) << text;
  }
}

TEST(Frame, CurrentJobMayBeNullOrAnyString) {
  json::object frame = json::parse(fakes::heartbeat()).as_object();
  frame["currentJobId"] = nullptr;
  EXPECT_FALSE(decode(json::serialize(frame)).frame->has_current_job);
  frame["currentJobId"] = "in-flight";
  EXPECT_TRUE(decode(json::serialize(frame)).frame->has_current_job);
  frame["currentJobId"] = 7;
  EXPECT_THAT(rules_of(decode(json::serialize(frame))), ElementsAre("frame-key"));
}

TEST(Capabilities, MalformedOnesAreNamed) {
  const auto with = [](const char* key, json::value value) {
    json::object frame = json::parse(fakes::heartbeat()).as_object();
    frame["capabilities"].as_object()[key] = std::move(value);
    return detail_of(json::serialize(frame));
  };
  EXPECT_THAT(with("vramThresholdGb", "12"), HasSubstr("vramThresholdGb is not a number"));
  EXPECT_THAT(with("vramTotalGb", -1), HasSubstr("vramTotalGb is not a number from 0"));
  EXPECT_THAT(with("autoEnabled", 1), HasSubstr("autoEnabled is not a boolean"));
  EXPECT_THAT(with("userPresence", "asleep"), HasSubstr("userPresence"));
  EXPECT_THAT(with("taskKinds", json::array{"sculpture"}), HasSubstr("sculpture"));
  EXPECT_THAT(with("modelEngines", json::array{3}), HasSubstr("modelEngines"));
  EXPECT_THAT(with("supportedModelsPerKind", json::array{}), HasSubstr("supportedModelsPerKind is not an object"));
}

TEST(Capabilities, OldWorkersMayLeaveTheNewKeysOut) {
  json::object frame = json::parse(fakes::heartbeat()).as_object();
  for (const char* key :
       {"autoUpdate", "startMinimised", "onlyWhenIdle", "taskKinds", "supportedModelsPerKind", "modelEngines"}) {
    frame["capabilities"].as_object().erase(key);
  }
  EXPECT_THAT(rules_of(decode(json::serialize(frame))), IsEmpty());
  frame["capabilities"].as_object().erase("machineName");
  EXPECT_THAT(rules_of(decode(json::serialize(frame))), ElementsAre("capabilities"));
}

TEST(LogEntry, MalformedOnesAreProblemsOfTheirOwn) {
  const auto with = [](const std::string& entry) {
    return detail_of(R"({"type":"logBatch","entries":[)" + entry + "]}");
  };
  EXPECT_EQ(with(R"({"ts":"2026-03-04T10:11:12.345Z","level":"info","category":"ws","message":"m","jobId":"j"})"), "");
  EXPECT_THAT(with(R"({"ts":"2026-03-04T10:11:12Z","level":"info","category":"ws","message":"m"})"), HasSubstr("ts"));
  EXPECT_THAT(with(R"({"ts":"2026-13-04T10:11:12.345Z","level":"info","category":"ws","message":"m"})"),
              HasSubstr("ts"));
  EXPECT_THAT(with(R"({"ts":"2026-03-04T10:11:12.345Z","level":"debug","category":"ws","message":"m"})"),
              HasSubstr("level"));
  EXPECT_THAT(with(R"({"ts":"2026-03-04T10:11:12.345Z","level":"info","category":"","message":"m"})"),
              HasSubstr("category"));
  EXPECT_THAT(with(R"({"ts":"2026-03-04T10:11:12.345Z","level":"info","category":"ws"})"), HasSubstr("message"));
  EXPECT_THAT(with(R"({"ts":"2026-03-04T10:11:12.345Z","level":"info","category":"ws","message":"m","jobId":null})"),
              HasSubstr("jobId"));
  EXPECT_THAT(with("7"), HasSubstr("not an object"));
}

}  // namespace
}  // namespace wire
