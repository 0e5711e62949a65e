#include "server/routes.h"

#include <gmock/gmock.h>

#include "desk_driver.h"
#include "digest/sha256.h"

namespace server {
namespace {

using fakes::Desk;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Request request(const std::string& method, const std::string& target, const std::string& body = "") {
  Request request;
  split_target(target, request);
  request.method = method;
  request.body = body;
  request.source = "127.0.0.1";
  return request;
}

TEST(Routes, SplitsAndDecodesTheTarget) {
  const Request seen = request("GET", "/dev/wait?settled=3&name=a%20b%2&flag");
  EXPECT_EQ(seen.path, "/dev/wait");
  EXPECT_EQ(seen.query.at("settled"), "3");
  EXPECT_EQ(seen.query.at("name"), "a b%2");
  EXPECT_EQ(seen.query.at("flag"), "");
}

TEST(Routes, KnowsTheWorkersRoutes) {
  EXPECT_EQ(worker_route("/graphics/api/workers/w-1/connect")->worker, "w-1");
  EXPECT_EQ(worker_route("/graphics/api/workers/w-1/jobs/job-2/complete")->job, "job-2");
  EXPECT_FALSE(worker_route("/graphics/api/workers/w-1"));
  EXPECT_FALSE(worker_route("/workers/w-1/connect"));
}

TEST(Routes, WaitsForCountersOnly) {
  EXPECT_EQ(parse_wait(request("GET", "/dev/wait?settled=3&timeout_ms=50"))->timeout_ms, 50U);
  EXPECT_EQ(parse_wait(request("GET", "/dev/wait?settled=3"))->conditions.at("settled"), 3U);
  EXPECT_FALSE(parse_wait(request("GET", "/dev/wait?settled=all")));
}

TEST(Routes, AddsJobsAndNamesAMistake) {
  Desk desk(R"({})");
  EXPECT_EQ(answer(*desk, request("POST", "/dev/jobs", R"([{"kind":"image","count":2}])"), desk.now).body,
            R"({"ids":["job-1","job-2"]})");
  const desk::Answer refused = answer(*desk, request("POST", "/dev/jobs", R"([{"kind":"tide"}])"), desk.now);
  EXPECT_EQ(refused.status, 400U);
  EXPECT_THAT(refused.body, HasSubstr("jobs[0].kind must be"));
  EXPECT_EQ(answer(*desk, request("POST", "/dev/jobs", "{"), desk.now).status, 400U);
}

TEST(Routes, DeletesAWorkerOnce) {
  Desk desk(R"({})");
  EXPECT_EQ(answer(*desk, request("POST", "/dev/delete?worker=w-2"), desk.now).status, 404U);
  EXPECT_EQ(answer(*desk, request("POST", "/dev/delete?worker=w-1"), desk.now).status, 200U);
  const desk::Answer again = answer(*desk, request("POST", "/dev/delete?worker=w-1"), desk.now);
  EXPECT_EQ(again.status, 404U);
  EXPECT_THAT(again.body, HasSubstr(R"(there is no worker \"w-1\")"));
}

TEST(Routes, ServesTheSamePictureForTheSameAddress) {
  Desk desk(R"({})");
  const desk::Answer one = answer(*desk, request("GET", "/job-input/p-1/job-1/0.png"), desk.now);
  const desk::Answer two = answer(*desk, request("GET", "/job-input/p-1/job-1/0.png"), desk.now);
  const desk::Answer other = answer(*desk, request("GET", "/job-input/p-1/job-1/1.png"), desk.now);
  EXPECT_EQ(one.content_type, "image/png");
  EXPECT_THAT(one.body, StartsWith("\x89PNG"));
  EXPECT_EQ(one.body, two.body);
  EXPECT_NE(one.body, other.body);
  EXPECT_THAT(answer(*desk, request("GET", "/job-input/p-1/job-1/clip.wav"), desk.now).body, StartsWith("RIFF"));
  EXPECT_EQ(answer(*desk, request("GET", "/job-input/p-1/x"), desk.now).status, 404U);
}

TEST(Routes, LetsTheOperatorDecideAPendingRequest) {
  Desk desk(R"({"faults":{"register":"pending"}})");
  const std::string body =
      boost::json::serialize(boost::json::object{{"installId", "5d0c2a9e-77b1-4c3e-9f10-2b6a8e4410cd"},
                                                 {"registrationSecretHash", digest::sha256_hex("secret")},
                                                 {"capabilities", fakes::capabilities()},
                                                 {"userAgent", "studio-worker/9.9.9"}});
  answer(*desk, request("POST", "/graphics/api/workers/register-request", body), desk.now);
  EXPECT_EQ(answer(*desk, request("GET", "/graphics/api/workers/pending"), desk.now).body, R"({"pending":["rr-1"]})");
  const std::string reject = "/graphics/api/workers/pending/rr-1/reject";
  EXPECT_EQ(answer(*desk, request("POST", reject, R"({"reason":"not ours"})"), desk.now).status, 200U);
  Request poll = request("GET", "/graphics/api/workers/register-requests/rr-1");
  poll.bearer = "secret";
  EXPECT_EQ(answer(*desk, poll, desk.now).body, R"({"status":"rejected","reason":"not ours"})");
  EXPECT_EQ(answer(*desk, request("POST", "/graphics/api/workers/pending/rr-9/approve"), desk.now).status, 404U);
}

TEST(Routes, ControlsTheSessions) {
  Desk desk(R"({})");
  const desk::SessionId session = desk.arrive();
  EXPECT_EQ(answer(*desk, request("POST", "/dev/close?code=12"), desk.now).status, 400U);
  EXPECT_EQ(answer(*desk, request("POST", "/dev/close?code=4003"), desk.now).status, 200U);
  desk.collect();
  EXPECT_EQ(desk.closed[session], 4003);
  EXPECT_EQ(answer(*desk, request("POST", "/dev/tide"), desk.now).status, 404U);
  EXPECT_EQ(answer(*desk, request("GET", "/tide"), desk.now).status, 404U);
  EXPECT_EQ(answer(*desk, request("GET", "/dev/report"), desk.now).status, 200U);
}

}  // namespace
}  // namespace server
