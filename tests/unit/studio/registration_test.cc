#include "studio/registration.h"

#include <gmock/gmock.h>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "base/async/task_group.h"
#include "fakes/fake_http.h"
#include "fakes/virtual_clock.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Registration : public testing::Test {
 protected:
  ~Registration() override {
    tasks_.cancel_all();
    clock_.settle();
  }

  void start(studio::Credentials credentials = {}) {
    tasks_.spawn("registration", run(*this, std::move(credentials)));
    clock_.settle();
  }

  static boost::asio::awaitable<void> run(Registration& self, studio::Credentials credentials) {
    protocol::Capabilities capabilities;
    self.end_ = co_await self.registration_.run(std::move(credentials), std::move(capabilities), "studio-worker/1");
  }

  bool noted(std::string_view part) const {
    for (const auto& line : notes_) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }

  boost::asio::io_context io_;
  fakes::VirtualClock clock_{io_};
  fakes::FakeHttp http_;
  std::vector<studio::Credentials> saved_;
  std::vector<std::string> notes_;
  base::Status save_result_;
  std::optional<studio::RegistrationEnd> end_;
  studio::Registration registration_{{},
                                     *studio::Urls::parse("http://studio.example"),
                                     http_,
                                     clock_,
                                     [this](const studio::Credentials& credentials) {
                                       saved_.push_back(credentials);
                                       return save_result_;
                                     },
                                     [this](base::log::Level, std::string text) { notes_.push_back(std::move(text)); }};
  base::TaskGroup tasks_{io_.get_executor()};
};

TEST_F(Registration, CredentialsThatExistNeedNoCall) {
  studio::Credentials have;
  have.worker = base::WorkerId("w-1");
  have.token = base::Secret("t");
  start(have);
  ASSERT_TRUE(end_);
  EXPECT_TRUE(std::holds_alternative<studio::Approved>(*end_));
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(Registration, AsksPollsAndIsApproved) {
  http_.answer(201, R"({"requestId":"rr-1","status":"pending"})");
  http_.answer(200, R"({"status":"pending"})");
  http_.answer(200, R"({"status":"approved","workerId":"w-9","authToken":"tok"})");
  start();
  EXPECT_THAT(registration_.state(), HasSubstr("rr-1"));
  clock_.pass(1s);
  EXPECT_FALSE(end_);
  clock_.pass(2s);
  ASSERT_TRUE(end_);
  const auto& approved = std::get<studio::Approved>(*end_).credentials;
  EXPECT_EQ(approved.worker.str(), "w-9");
  EXPECT_EQ(approved.token.reveal(), "tok");
  EXPECT_TRUE(approved.registration_secret.empty());
  EXPECT_EQ(saved_.back().worker.str(), "w-9");
}

TEST_F(Registration, SendsTheHashAndPollsWithTheSecretItself) {
  http_.answer(200, R"({"requestId":"rr-1","status":"pending"})");
  http_.answer(200, R"({"status":"pending"})");
  studio::Credentials credentials;
  credentials.install_id = "5d0c2a9e-77b1-4c3e-9f10-2b6a8e4410cd";
  std::string secret;
  for (int i = 0; i < 32; ++i) secret += "ab";
  credentials.registration_secret = base::Secret(secret);
  start(credentials);
  clock_.pass(1s);
  const auto body = boost::json::parse(http_.requests[0].body).as_object();
  EXPECT_EQ(body.at("registrationSecretHash").as_string(),
            "271a413bd339c5709fdceaec41f14f11e9fbfb5042d72d331c65f32b284cd09a");
  EXPECT_EQ(body.at("installId").as_string(), credentials.install_id.c_str());
  EXPECT_EQ(body.at("userAgent").as_string(), "studio-worker/1");
  EXPECT_EQ(http_.requests[1].bearer.reveal(), secret);
  EXPECT_EQ(http_.requests[1].url, "http://studio.example/graphics/api/workers/register-requests/rr-1");
}

TEST_F(Registration, MintsAnInstallIdAndASecretAndKeepsThemOverFailures) {
  http_.refuse(base::Code::kUnavailable, "connection refused");
  http_.answer(503, "busy");
  http_.answer(200, R"({"requestId":"rr-1","status":"pending"})");
  start();
  clock_.pass(60s);
  ASSERT_EQ(http_.requests.size(), 3U);
  EXPECT_EQ(http_.requests[0].body, http_.requests[2].body);
  EXPECT_THAT(saved_.front().install_id, testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+"));
  EXPECT_EQ(saved_.front().install_id.size(), 36U);
  EXPECT_EQ(saved_.front().registration_secret.reveal().size(), 64U);
  EXPECT_TRUE(noted("connection refused"));
  EXPECT_TRUE(noted("register-request failed: 503 — busy"));
}

TEST_F(Registration, RetryAfterIsHonoured) {
  http_.answer(429, "slow down");
  http_.answers.back()->retry_after = 120s;
  http_.answer(200, R"({"requestId":"rr-1"})");
  start();
  clock_.pass(119s);
  EXPECT_EQ(http_.requests.size(), 1U);
  clock_.pass(1s);
  EXPECT_EQ(http_.requests.size(), 2U);
}

TEST_F(Registration, RejectionEndsItAndForgetsTheRequest) {
  http_.answer(200, R"({"requestId":"rr-1"})");
  http_.answer(200, R"({"status":"rejected","reason":"not ours"})");
  start();
  clock_.pass(1s);
  ASSERT_TRUE(end_);
  EXPECT_EQ(std::get<studio::Rejected>(*end_).reason, "not ours");
  EXPECT_TRUE(saved_.back().request_id.empty());
  EXPECT_TRUE(saved_.back().registration_secret.empty());
  EXPECT_FALSE(saved_.back().install_id.empty());
}

TEST_F(Registration, A404ForgetsRequestAndSecretAndAsksAgain) {
  http_.answer(200, R"({"requestId":"rr-1"})");
  http_.answer(404);
  http_.answer(200, R"({"requestId":"rr-2"})");
  start();
  const auto first = saved_.front().registration_secret;
  clock_.pass(31s);
  ASSERT_EQ(http_.requests.size(), 3U);
  EXPECT_EQ(http_.requests[2].method, "POST");
  EXPECT_EQ(saved_.back().request_id, "rr-2");
  EXPECT_FALSE(saved_.back().registration_secret == first);
}

TEST_F(Registration, A404WithAWebPageKeepsWaiting) {
  http_.answer(200, R"({"requestId":"rr-1"})");
  http_.answer(404, "<!DOCTYPE HTML><p>nothing here", "text/html; charset=utf-8");
  start();
  clock_.pass(31s);
  EXPECT_EQ(saved_.back().request_id, "rr-1");
}

TEST_F(Registration, A401OrAnUnknownStatusKeepsWaiting) {
  http_.answer(200, R"({"requestId":"rr-1"})");
  http_.answer(401);
  http_.answer(200, R"({"status":"maybe"})");
  http_.answer(200, R"({"status":"approved","workerId":"w-1","authToken":"t"})");
  start();
  clock_.pass(2min);
  ASSERT_TRUE(end_);
  EXPECT_TRUE(std::holds_alternative<studio::Approved>(*end_));
}

TEST_F(Registration, AFailedSaveIsSaidAndDoesNotStopIt) {
  save_result_ = base::Error{base::Code::kExhausted, "disk full"};
  http_.answer(200, R"({"requestId":"rr-1"})");
  http_.answer(200, R"({"status":"approved","workerId":"w-1","authToken":"t"})");
  start();
  clock_.pass(1s);
  EXPECT_TRUE(end_);
  EXPECT_TRUE(noted("disk full"));
}

}  // namespace
