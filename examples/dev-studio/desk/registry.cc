#include "desk/registry.h"

#include <algorithm>
#include <openssl/crypto.h>

#include "base/log.h"
#include "digest/sha256.h"
#include "wire/capabilities.h"

namespace desk {
namespace {

using Mode = scenario::Registration::Mode;

// Contract 1.3: 10 requests in 60 s from one address.
constexpr std::size_t kVisits = 10;
constexpr std::chrono::seconds kVisitWindow{60};

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Tells not by its time where two digests differ.
bool same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

bool is_install_id(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] == '-' ? text[i] != '-' : !is_hex(text.substr(i, 1))) return false;
  }
  return true;
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

wire::Problems problems_of(const json::object& body) {
  wire::Problems problems;
  if (!is_install_id(text_of(body, "installId"))) problems.push_back({"register", "installId is no 8-4-4-4-12 hex id"});
  const std::string hash = text_of(body, "registrationSecretHash");
  if (hash.size() != 64 || !is_hex(hash)) problems.push_back({"register", "registrationSecretHash is no SHA-256"});
  if (text_of(body, "userAgent").find('/') == std::string::npos) {
    problems.push_back({"register", "userAgent is not NAME/VERSION"});
  }
  const json::value* capabilities = body.if_contains("capabilities");
  wire::read_capabilities(capabilities == nullptr ? json::value() : *capabilities, problems);
  if (capabilities != nullptr && capabilities->is_object() && capabilities->get_object().contains("userPresence")) {
    problems.push_back({"register", "userPresence does not belong into a registration"});
  }
  return problems;
}

}  // namespace

Registry::Registry(const scenario::Settings& settings, const scenario::Faults& faults, Record& record)
    : behaviour_(faults.registration), rate_limit_(faults.rate_limit), record_(record) {
  if (!settings.worker_id.empty()) tokens_[settings.worker_id] = digest::sha256_hex(settings.auth_token);
}

bool Registry::limited(std::string_view source, base::SteadyTime now) {
  if (!rate_limit_) return false;
  std::deque<base::SteadyTime>& visits = visits_[std::string(source)];
  while (!visits.empty() && now - visits.front() > kVisitWindow) visits.pop_front();
  if (visits.size() >= kVisits) return true;
  visits.push_back(now);
  return false;
}

bool Registry::take_turn() {
  if (behaviour_.count && turns_taken_ >= *behaviour_.count) return false;
  ++turns_taken_;
  return true;
}

Answer Registry::request(std::string_view body, std::string_view source, base::SteadyTime now) {
  record_.count("register_requests");
  if (limited(source, now)) {
    return {.status = 429, .body = R"({"error":"too many requests"})", .retry_after = 60};
  }
  if (behaviour_.mode == Mode::kRateLimited && turns_taken_ == 0) {
    ++turns_taken_;
    return {.status = 429, .body = R"({"error":"too many requests"})", .retry_after = behaviour_.count.value_or(1)};
  }
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    record_.violation("register", "the body is not a JSON object", body, {}, now);
    return error_answer(400, "the body is not a JSON object");
  }
  record_.violations(problems_of(*object), body, {}, now);
  const std::string install = text_of(*object, "installId");
  const std::string hash = text_of(*object, "registrationSecretHash");
  for (auto& [id, request] : requests_) {
    if (request.install_id != install || request.state != State::kPending) continue;
    return json_answer(201, {{"requestId", id}, {"status", "pending"}});
  }
  const std::string id = "rr-" + std::to_string(next_request_++);
  requests_[id] = Request{.install_id = install, .secret_hash = hash};
  base::log::info("register", "request", {{"request", id}, {"install", install}});
  return json_answer(201, {{"requestId", id}, {"status", "pending"}});
}

Answer Registry::approved(Request& request) {
  if (request.worker.empty()) {
    while (tokens_.contains("w-" + std::to_string(next_worker_))) ++next_worker_;
    request.worker = "w-" + std::to_string(next_worker_++);
    base::log::info("register", "approved", {{"worker", request.worker}});
  }
  const std::string token = base::random_hex(32);
  tokens_[request.worker] = digest::sha256_hex(token);
  return json_answer(200, {{"status", "approved"}, {"workerId", request.worker}, {"authToken", token}});
}

Answer Registry::poll(const std::string& id, std::string_view secret, std::string_view source, base::SteadyTime now) {
  record_.count("register_polls");
  if (limited(source, now)) return {.status = 429, .body = R"({"error":"too many requests"})", .retry_after = 60};
  const auto found = requests_.find(id);
  if (found == requests_.end()) return error_answer(404, "no such registration request");
  Request& request = found->second;
  if (behaviour_.mode == Mode::kNotFound && take_turn()) {
    requests_.erase(found);
    return error_answer(404, "no such registration request");
  }
  if (behaviour_.mode == Mode::kUnauthorized && take_turn()) return error_answer(401, "wrong registration secret");
  if (!same(digest::sha256_hex(secret), request.secret_hash)) {
    record_.violation("register", "the poll's secret does not match the registered hash", "", {}, now);
    return error_answer(401, "wrong registration secret");
  }
  ++request.polls;
  if (request.state == State::kPending) {
    const bool waits = behaviour_.mode == Mode::kPending && (!behaviour_.count || request.polls < *behaviour_.count);
    if (behaviour_.mode == Mode::kReject && take_turn()) {
      request.state = State::kRejected;
      request.reason = "rejected by the scenario";
    } else if (!waits) {
      request.state = State::kApproved;
    }
  }
  if (request.state == State::kPending) return json_answer(200, {{"status", "pending"}});
  if (request.state == State::kApproved) return approved(request);
  return json_answer(200, {{"status", "rejected"}, {"reason", request.reason}});
}

Access Registry::check(const std::string& worker, std::string_view token) const {
  const auto found = tokens_.find(worker);
  if (found == tokens_.end()) return Access::kUnknownWorker;
  return same(found->second, digest::sha256_hex(token)) ? Access::kGranted : Access::kWrongToken;
}

bool Registry::approve(const std::string& id) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.state != State::kPending) return false;
  found->second.state = State::kApproved;
  return true;
}

bool Registry::reject(const std::string& id, const std::string& reason) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.state != State::kPending) return false;
  found->second.state = State::kRejected;
  found->second.reason = reason;
  return true;
}

std::vector<std::string> Registry::pending() const {
  std::vector<std::string> ids;
  for (const auto& [id, request] : requests_) {
    if (request.state == State::kPending) ids.push_back(id);
  }
  return ids;
}

}  // namespace desk
