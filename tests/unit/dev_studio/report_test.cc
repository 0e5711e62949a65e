#include "desk/report.h"

#include <gmock/gmock.h>

#include "desk_driver.h"

namespace desk {
namespace {

using fakes::Desk;

TEST(Report, PercentilesAreOfTheNearestRank) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const json::object row = percentiles(values);
  EXPECT_EQ(row.at("p50").to_number<double>(), 50);
  EXPECT_EQ(row.at("p90").to_number<double>(), 90);
  EXPECT_EQ(row.at("p99").to_number<double>(), 99);
  EXPECT_EQ(row.at("max").to_number<double>(), 100);
  EXPECT_EQ(row.at("count").to_number<int>(), 100);
  EXPECT_TRUE(percentiles({}).at("p50").is_null());
}

TEST(Report, TellsWhatBecameOfEveryJob) {
  Desk desk(R"({"jobs":[{"kind":"llm","count":2,"unique_prompts":false,"prompt":"p"}]})", {.keeps_files = true});
  const SessionId session = desk.arrive();
  desk.now += std::chrono::microseconds(250);
  desk.say(session, fakes::accept("job-1"));
  desk.now += std::chrono::microseconds(750);
  desk.say(session, fakes::complete("job-1", fakes::chat(), "p"));
  const json::object report = make_report(*desk, desk.now);
  const json::object& first = report.at("jobs").at(0).as_object();
  EXPECT_EQ(first.at("outcome").as_string(), "done");
  EXPECT_EQ(first.at("verdict").as_string(), "accept");
  EXPECT_EQ(first.at("offer_to_answer_us").to_number<double>(), 250);
  EXPECT_EQ(first.at("offer_to_done_us").to_number<double>(), 1000);
  EXPECT_EQ(first.at("result").at("file").as_string(), "job-1.json");
  EXPECT_EQ(report.at("jobs").at(1).at("outcome").as_string(), "unfinished");
  EXPECT_EQ(report.at("sessions").at(0).at("closed").as_string(), "open");
  EXPECT_EQ(report.at("latency_us").at("offer_to_answer").at("p50").to_number<double>(), 250);
  EXPECT_EQ(report.at("jobs_per_second").to_number<double>(), 1000);
  EXPECT_EQ(report.at("counters").at("in.completeJson").to_number<int>(), 1);
}

TEST(Report, QuotesTheFrameOfAViolation) {
  Desk desk(R"({})");
  const SessionId session = desk.arrive();
  desk.now += std::chrono::milliseconds(12);
  desk.say(session, fakes::accept("job-9"));
  desk.lose(session);
  const json::object report = make_report(*desk, desk.now);
  const json::object& violation = report.at("violations").at(0).as_object();
  EXPECT_EQ(violation.at("rule").as_string(), "unknown-job");
  EXPECT_EQ(violation.at("job").as_string(), "job-9");
  EXPECT_EQ(violation.at("frame").as_string(), fakes::accept("job-9"));
  EXPECT_EQ(violation.at("at_ms").to_number<double>(), 12);
  EXPECT_EQ(report.at("sessions").at(0).at("close_code").to_number<int>(), 4002);
}

}  // namespace
}  // namespace desk
