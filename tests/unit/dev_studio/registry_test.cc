#include "desk/registry.h"

#include <gmock/gmock.h>

#include "digest/sha256.h"
#include "scenario/read.h"
#include "worker_frames.h"

namespace desk {
namespace {

constexpr const char* kInstall = "5d0c2a9e-77b1-4c3e-9f10-2b6a8e4410cd";

class RegistryTest : public ::testing::Test {
 protected:
  void behave(const std::string& how, bool rate_limit = false) {
    scenario::Faults faults;
    faults.registration = *scenario::parse_registration(how);
    faults.rate_limit = rate_limit;
    registry_.emplace(scenario::Settings{}, faults, record_);
  }

  std::string body(const std::string& install = kInstall) const {
    return json::serialize(json::object{{"installId", install},
                                        {"registrationSecretHash", digest::sha256_hex(secret_)},
                                        {"capabilities", fakes::capabilities()},
                                        {"userAgent", "studio-worker/9.9.9"}});
  }
  std::string request_id(const std::string& install = kInstall) {
    const Answer answer = registry_->request(body(install), "127.0.0.1", now_);
    return answer.status == 201 ? std::string(json::parse(answer.body).at("requestId").as_string()) : "";
  }
  json::object poll(const std::string& id) {
    const Answer answer = registry_->poll(id, secret_, "127.0.0.1", now_);
    json::object result = json::parse(answer.body).as_object();
    result["http"] = answer.status;
    return result;
  }
  std::string status_of(const json::object& answer) {
    return answer.contains("status") ? std::string(answer.at("status").as_string())
                                     : std::to_string(answer.at("http").to_number<int>());
  }

  base::SteadyTime now_{};
  std::string secret_ = std::string(64, 'a');
  Record record_{base::SteadyTime{}};
  std::optional<Registry> registry_;
};

TEST_F(RegistryTest, ApprovesAndMintsAFreshTokenAtEachPoll) {
  behave("approve");
  const std::string id = request_id();
  const json::object first = poll(id);
  const json::object second = poll(id);
  EXPECT_EQ(status_of(first), "approved");
  const std::string worker(first.at("workerId").as_string());
  EXPECT_EQ(second.at("workerId").as_string(), worker);
  EXPECT_EQ(registry_->check(worker, std::string_view(first.at("authToken").as_string())), Access::kWrongToken);
  EXPECT_EQ(registry_->check(worker, std::string_view(second.at("authToken").as_string())), Access::kGranted);
  EXPECT_EQ(registry_->check("w-99", "x"), Access::kUnknownWorker);
  EXPECT_EQ(record_.violation_count(), 0U);
}

TEST_F(RegistryTest, ApprovesAtTheNthPoll) {
  behave("pending:3");
  const std::string id = request_id();
  EXPECT_EQ(status_of(poll(id)), "pending");
  EXPECT_EQ(status_of(poll(id)), "pending");
  EXPECT_EQ(status_of(poll(id)), "approved");
}

TEST_F(RegistryTest, PendingForEverWaitsForTheOperator) {
  behave("pending");
  const std::string id = request_id();
  EXPECT_EQ(status_of(poll(id)), "pending");
  EXPECT_EQ(registry_->pending(), std::vector<std::string>{id});
  EXPECT_TRUE(registry_->approve(id));
  EXPECT_EQ(status_of(poll(id)), "approved");
  EXPECT_FALSE(registry_->approve(id));
  EXPECT_FALSE(registry_->reject("rr-77", "no"));
}

TEST_F(RegistryTest, RejectsTheFirstAndApprovesTheNext) {
  behave("reject:1");
  const std::string first = request_id();
  EXPECT_EQ(status_of(poll(first)), "rejected");
  EXPECT_EQ(status_of(poll(first)), "rejected");
  const std::string second = request_id("5d0c2a9e-77b1-4c3e-9f10-2b6a8e4410ce");
  EXPECT_NE(second, first);
  EXPECT_EQ(status_of(poll(second)), "approved");
}

TEST_F(RegistryTest, ForgetsTheRequestOnceAndAnswers404) {
  behave("404");
  const std::string id = request_id();
  EXPECT_EQ(status_of(poll(id)), "404");
  EXPECT_EQ(status_of(poll(id)), "404");
  EXPECT_EQ(status_of(poll(request_id())), "approved");
}

TEST_F(RegistryTest, Answers401AsOftenAsTold) {
  behave("401:2");
  const std::string id = request_id();
  EXPECT_EQ(status_of(poll(id)), "401");
  EXPECT_EQ(status_of(poll(id)), "401");
  EXPECT_EQ(status_of(poll(id)), "approved");
}

TEST_F(RegistryTest, NamesHowLongToWaitOnce) {
  behave("429:7");
  const Answer answer = registry_->request(body(), "127.0.0.1", now_);
  EXPECT_EQ(answer.status, 429U);
  EXPECT_EQ(answer.retry_after, 7U);
  EXPECT_NE(request_id(), "");
}

TEST_F(RegistryTest, GivesOneInstallOneRequestWhileItIsPending) {
  behave("pending");
  EXPECT_EQ(request_id(), request_id());
  EXPECT_NE(request_id(), request_id("5d0c2a9e-77b1-4c3e-9f10-2b6a8e4410ce"));
}

TEST_F(RegistryTest, LimitsCallsAMinuteWhenAsked) {
  behave("pending", true);
  for (int i = 0; i < 10; ++i) EXPECT_NE(request_id(), "");
  EXPECT_EQ(registry_->request(body(), "127.0.0.1", now_).status, 429U);
  EXPECT_NE(registry_->request(body(), "127.0.0.2", now_).status, 429U);
  now_ += std::chrono::seconds(61);
  EXPECT_NE(request_id(), "");
}

TEST_F(RegistryTest, RecordsEveryMistakeOfARequest) {
  behave("approve");
  EXPECT_EQ(registry_->request("[]", "127.0.0.1", now_).status, 400U);
  json::object request = json::parse(body()).as_object();
  request["installId"] = "5D0C2A9E";
  request["registrationSecretHash"] = "short";
  request["userAgent"] = "me";
  request["capabilities"].as_object()["userPresence"] = "idle";
  registry_->request(json::serialize(request), "127.0.0.1", now_);
  EXPECT_EQ(record_.violation_count(), 5U);
}

TEST_F(RegistryTest, RefusesAPollWithAWrongSecret) {
  behave("approve");
  const std::string id = request_id();
  EXPECT_EQ(registry_->poll(id, "wrong", "127.0.0.1", now_).status, 401U);
  EXPECT_EQ(record_.violation_count(), 1U);
}

}  // namespace
}  // namespace desk
