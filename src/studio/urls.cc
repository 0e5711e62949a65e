#include "studio/urls.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

#include "base/log.h"
#include "net/upgrade.h"

namespace studio {
namespace {

constexpr std::string_view kPrefix = "/graphics/api";

std::string_view without_trailing_slashes(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

bool unreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' || c == '~';
}

struct Scheme {
  std::string_view written;
  std::string_view http;
  std::string_view ws;
};
constexpr std::array kSchemes = {Scheme{"https://", "https://", "wss://"}, Scheme{"http://", "http://", "ws://"},
                                 Scheme{"wss://", "https://", "wss://"}, Scheme{"ws://", "http://", "ws://"}};

base::Error invalid(std::string_view value, std::string_view why) {
  return {base::Code::kInvalid,
          "invalid api_base_url \"" + base::log::printable(value, 200) + "\": " + std::string(why)};
}

}  // namespace

std::string path_segment(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (unreserved(c)) {
      encoded += c;
      continue;
    }
    std::array<char, 4> escape{};
    std::snprintf(escape.data(), escape.size(), "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    encoded += escape.data();
  }
  return encoded;
}

base::Result<Urls> Urls::parse(std::string_view api_base_url) {
  const bool unsafe = std::any_of(api_base_url.begin(), api_base_url.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '"' || c == '\\';
  });
  if (unsafe) return invalid(api_base_url, "it holds a space or another character that must be encoded");
  const auto scheme = std::find_if(kSchemes.begin(), kSchemes.end(),
                                   [&](const Scheme& known) { return api_base_url.starts_with(known.written); });
  if (scheme == kSchemes.end()) return invalid(api_base_url, "it must start with https:// or http://");
  std::string_view rest = api_base_url.substr(scheme->written.size());
  rest = rest.substr(0, rest.find_first_of("?#"));
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.empty() || authority.starts_with(':')) return invalid(api_base_url, "it names no host");
  if (authority.find('@') != std::string_view::npos) {
    // What stands before the @ may be a password: the value is not repeated.
    return base::Error{base::Code::kInvalid, "invalid api_base_url: it must not hold a user name or password"};
  }
  std::string_view path = without_trailing_slashes(rest.substr(authority.size()));
  if (path.ends_with(kPrefix)) path.remove_suffix(kPrefix.size());
  const std::string place = std::string(authority) + std::string(without_trailing_slashes(path));
  Urls urls;
  urls.http_base_ = std::string(scheme->http) + place;
  urls.ws_base_ = std::string(scheme->ws) + place;
  if (!net::parse_websocket_url(urls.ws_base_)) {
    return invalid(api_base_url, "its host or port cannot be read; a port is 1 to 65535");
  }
  return urls;
}

std::string Urls::register_request() const {
  return http_base_ + std::string(kPrefix) + "/workers/register-request";
}

std::string Urls::register_poll(std::string_view request_id) const {
  return http_base_ + std::string(kPrefix) + "/workers/register-requests/" + path_segment(request_id);
}

std::string Urls::complete(const base::WorkerId& worker, const base::JobId& job) const {
  return http_base_ + std::string(kPrefix) + "/workers/" + path_segment(worker.str()) + "/jobs/" +
         path_segment(job.str()) + "/complete";
}

std::string Urls::connect(const base::WorkerId& worker) const {
  return ws_base_ + std::string(kPrefix) + "/workers/" + path_segment(worker.str()) + "/connect";
}

}  // namespace studio
