#pragma once
// Registration: from a fresh install to credentials (contract 1.3, 1.4, 7.1). Thread: io.

#include <functional>
#include <string>
#include <variant>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "net/http_client.h"
#include "protocol/frames.h"
#include "studio/urls.h"

namespace studio {

namespace asio = boost::asio;

/// What registration remembers in config.toml. Empty = not there.
struct Credentials {
  base::WorkerId worker;
  base::Secret token;
  std::string install_id;
  std::string request_id;
  base::Secret registration_secret;

  bool complete() const { return !worker.empty() && !token.empty(); }
};

struct Approved {
  Credentials credentials;
};
struct Rejected {
  std::string reason;
};
using RegistrationEnd = std::variant<Approved, Rejected>;

struct RegistrationOptions {
  base::Duration tick = std::chrono::seconds(30);
  /// The first polls come sooner: whoever approves at once should not wait half a minute to see it work.
  base::Duration first_poll = std::chrono::seconds(1);
};

class Registration {
 public:
  /// Persists; a failure is logged and does not stop the flow.
  using Save = std::function<base::Status(const Credentials&)>;
  using Note = std::function<void(base::log::Level, std::string)>;

  Registration(RegistrationOptions options, Urls urls, net::HttpClient& http, base::Clock& clock, Save save, Note note);

  /// Asks, polls and returns when the studio decided; also over restarts, network failures and 429. Never gives up.
  asio::awaitable<RegistrationEnd> run(Credentials credentials, protocol::Capabilities capabilities,
                                       std::string user_agent);

  /// "pending operator approval (request rr-1)", for `status`.
  const std::string& state() const { return state_; }

 private:
  struct Step;
  asio::awaitable<Step> request(Credentials& credentials, const std::string& body);
  asio::awaitable<Step> poll(Credentials& credentials);
  Step read_poll(Credentials& credentials, const net::HttpResponse& response);
  void save(const Credentials& credentials);
  base::Duration next_poll_delay();

  RegistrationOptions options_;
  Urls urls_;
  net::HttpClient& http_;
  base::Clock& clock_;
  Save save_;
  Note note_;
  std::string state_ = "not registered";
  base::Duration poll_delay_;
};

/// 16 random bytes printed 8-4-4-4-12.
std::string mint_install_id();

}  // namespace studio
