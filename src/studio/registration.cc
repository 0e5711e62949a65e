#include "studio/registration.h"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>

#include "base/log.h"
#include "digest/sha256.h"
#include "net/upgrade.h"

namespace studio {
namespace {

namespace json = boost::json;

/// A string member of a JSON object, nothing when the text is no object or the key is absent or empty.
std::optional<std::string> text_member(const std::string& body, std::string_view key) {
  boost::system::error_code failure;
  const json::value value = json::parse(body, failure);
  if (failure || !value.is_object()) return std::nullopt;
  const json::value* member = value.as_object().if_contains(key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string(member->as_string());
}

std::string failure_text(std::string_view operation, const net::HttpResponse& response) {
  return std::string(operation) + " failed: " + std::to_string(response.status) + " — " +
         base::log::printable(response.body, 300);
}

std::string request_body(const Credentials& credentials, const protocol::Capabilities& capabilities,
                         const std::string& user_agent) {
  return R"({"installId":)" + json::serialize(json::value(credentials.install_id)) + R"(,"registrationSecretHash":")" +
         digest::sha256_hex(credentials.registration_secret.reveal()) + R"(","capabilities":)" +
         protocol::encode_capabilities(capabilities) + R"(,"userAgent":)" + json::serialize(json::value(user_agent)) +
         "}";
}

bool success(const net::HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

}  // namespace

/// What one call led to: an end, or the pause before the next call.
struct Registration::Step {
  std::optional<RegistrationEnd> end;
  base::Duration pause{};
};

Registration::Registration(RegistrationOptions options, Urls urls, net::HttpClient& http, base::Clock& clock, Save save,
                           Note note)
    : options_(options),
      urls_(std::move(urls)),
      http_(http),
      clock_(clock),
      save_(std::move(save)),
      note_(std::move(note)),
      poll_delay_(options.first_poll) {}

asio::awaitable<RegistrationEnd> Registration::run(Credentials credentials, protocol::Capabilities capabilities,
                                                   std::string user_agent) {
  if (credentials.complete()) co_return Approved{std::move(credentials)};
  note_(base::log::Level::kInfo, "waiting for operator approval before opening the session");
  if (credentials.install_id.empty()) credentials.install_id = mint_install_id();
  for (;;) {
    if (credentials.registration_secret.empty()) {
      // A request id without its secret can never be polled.
      credentials.request_id.clear();
      credentials.registration_secret = base::Secret(base::random_hex(32));
      save(credentials);
    }
    Step step;
    if (credentials.request_id.empty()) {
      const std::string body = request_body(credentials, capabilities, user_agent);
      step = co_await request(credentials, body);
    } else {
      step = co_await poll(credentials);
    }
    if (step.end) co_return std::move(*step.end);
    const auto due = clock_.now() + step.pause;
    co_await clock_.sleep_until(due);
  }
}

asio::awaitable<Registration::Step> Registration::request(Credentials& credentials, const std::string& body) {
  net::HttpRequest call;
  call.method = "POST";
  call.url = urls_.register_request();
  call.content_type = "application/json";
  call.body = body;
  const auto response = co_await http_.send(std::move(call));
  Step step{std::nullopt, options_.tick};
  if (!response) {
    note_(base::log::Level::kWarn, "register-request failed: " + response.error().message);
    co_return step;
  }
  if (!success(*response)) {
    note_(base::log::Level::kWarn, failure_text("register-request", *response));
    step.pause = std::max(options_.tick, response->retry_after.value_or(base::Duration::zero()));
    co_return step;
  }
  const auto request_id = text_member(response->body, "requestId");
  if (!request_id || request_id->empty()) {
    note_(base::log::Level::kWarn, "register-request failed: the answer holds no requestId");
    co_return step;
  }
  credentials.request_id = *request_id;
  save(credentials);
  state_ = "pending operator approval (request " + base::log::printable(*request_id, 100) + ")";
  note_(base::log::Level::kInfo, "registration " + state_);
  poll_delay_ = options_.first_poll;
  step.pause = next_poll_delay();
  co_return step;
}

asio::awaitable<Registration::Step> Registration::poll(Credentials& credentials) {
  state_ = "pending operator approval (request " + base::log::printable(credentials.request_id, 100) + ")";
  net::HttpRequest call;
  call.url = urls_.register_poll(credentials.request_id);
  call.bearer = credentials.registration_secret;
  const auto response = co_await http_.send(std::move(call));
  if (!response) {
    note_(base::log::Level::kWarn, "register-poll failed: " + response.error().message);
    co_return Step{std::nullopt, options_.tick};
  }
  co_return read_poll(credentials, *response);
}

Registration::Step Registration::read_poll(Credentials& credentials, const net::HttpResponse& response) {
  // A page is not the studio's word: a proxy or a wrong address says it, and the request may be approved meanwhile.
  if (response.status == 404 && !net::is_web_page(response.content_type)) {
    note_(base::log::Level::kWarn, "the studio no longer knows this registration request; asking again");
    credentials.request_id.clear();
    credentials.registration_secret = {};
    state_ = "not registered";
    save(credentials);
    return {std::nullopt, options_.tick};
  }
  if (!success(response)) {
    note_(base::log::Level::kWarn, failure_text("register-poll", response));
    return {std::nullopt, std::max(options_.tick, response.retry_after.value_or(base::Duration::zero()))};
  }
  const auto status = text_member(response.body, "status");
  if (status == "approved") {
    const auto worker = text_member(response.body, "workerId");
    const auto token = text_member(response.body, "authToken");
    if (worker && token && !worker->empty() && !token->empty()) {
      Credentials approved{base::WorkerId(*worker), base::Secret(*token), credentials.install_id, "", {}};
      save(approved);
      state_ = "approved as " + base::log::printable(*worker, 100);
      note_(base::log::Level::kInfo, "registration " + state_);
      return {Approved{std::move(approved)}, {}};
    }
  }
  if (status == "rejected") {
    credentials.request_id.clear();
    credentials.registration_secret = {};
    save(credentials);
    const std::string reason = base::log::printable(text_member(response.body, "reason").value_or(""), 300);
    state_ = "rejected" + (reason.empty() ? std::string() : ": " + reason);
    return {Rejected{reason}, {}};
  }
  if (status != "pending") {
    note_(base::log::Level::kWarn, "register-poll failed: the answer cannot be read; still waiting");
  }
  return {std::nullopt, next_poll_delay()};
}

void Registration::save(const Credentials& credentials) {
  if (const auto saved = save_(credentials); !saved) {
    note_(base::log::Level::kError, "the registration could not be saved: " + saved.error().message);
  }
}

base::Duration Registration::next_poll_delay() {
  const auto delay = poll_delay_;
  poll_delay_ = std::min(poll_delay_ * 2, options_.tick);
  return delay;
}

std::string mint_install_id() {
  const std::string hex = base::random_hex(16);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

}  // namespace studio
