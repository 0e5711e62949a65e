#include "net/upgrade.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <time.h>

#include "base/log.h"

namespace net {
namespace {

constexpr std::size_t kBodyLimit = 300;
constexpr base::Duration kLongestRetryAfter = std::chrono::hours(1);

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

base::Error invalid(std::string_view url, std::string_view why) {
  return {base::Code::kInvalid, "\"" + base::log::printable(url, 200) + "\" is no WebSocket URL: " + std::string(why)};
}

/// Seconds since 1970 of an RFC 9110 date: the fixed form, which every current server sends.
std::optional<std::int64_t> parse_http_date(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// Splits "host", "host:port", "[v6]" or "[v6]:port"; the port text stays empty when there is none.
bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) {
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
  } else {
    const auto colon = authority.find(':');
    host = authority.substr(0, colon);
    authority.remove_prefix(host.size());
  }
  if (!authority.empty() && !authority.starts_with(':')) return false;
  port = authority.empty() ? authority : authority.substr(1);
  return !host.empty() && (authority.empty() || !port.empty());
}

}  // namespace

std::string Place::host_header() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string Place::str() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

base::Result<Place> parse_websocket_url(std::string_view url) {
  const auto unprintable = [](char c) { return c <= ' ' || c > '~'; };
  if (std::any_of(url.begin(), url.end(), unprintable)) return invalid(url, "it holds a blank or a special character");
  Place place;
  std::string_view rest = url;
  if (rest.starts_with("wss://")) {
    place.tls = true;
    rest.remove_prefix(6);
  } else if (rest.starts_with("ws://")) {
    rest.remove_prefix(5);
  } else {
    return invalid(url, "it must start with ws:// or wss://");
  }
  rest = rest.substr(0, rest.find('#'));
  const auto slash = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) return invalid("(not shown)", "it must not hold a user name");
  std::string_view host;
  std::string_view port;
  if (!split_authority(authority, host, port)) return invalid(url, "the host or port cannot be read");
  place.host = host;
  place.port = place.tls ? 443 : 80;
  if (!port.empty()) {
    const auto number = parse_port(port);
    if (!number) return invalid(url, "the port must be between 1 and 65535");
    place.port = *number;
  }
  place.target = slash == std::string_view::npos ? "" : rest.substr(slash);
  if (!place.target.starts_with('/')) place.target.insert(0, "/");
  return place;
}

ConnectFailure refused_upgrade(const Refusal& refusal) {
  ConnectFailure failure;
  failure.http_status = refusal.status;
  failure.error.code = base::Code::kRejected;
  if (refusal.status == 401 || refusal.status == 403) failure.error.code = base::Code::kUnauthorized;
  if (refusal.status == 404) failure.error.code = base::Code::kNotFound;
  if (refusal.status == 429 || refusal.status >= 500) failure.error.code = base::Code::kUnavailable;
  failure.retry_after = parse_retry_after(refusal.retry_after, refusal.date);
  if (refusal.status == 401) {
    failure.error.message = "401 on websocket upgrade";
    return failure;
  }
  failure.error.message = "HTTP " + std::to_string(refusal.status);
  if (!refusal.reason.empty()) failure.error.message += " " + base::log::printable(refusal.reason, 100);
  failure.error.message += " on websocket upgrade";
  const std::string_view body = trimmed(refusal.body);
  failure.is_page = is_web_page(refusal.content_type);
  if (failure.is_page)
    failure.error.message += ": a web page, so this is no studio; is api_base_url right?";
  else if (!body.empty())
    failure.error.message += ": " + base::log::printable(body, kBodyLimit);
  return failure;
}

std::optional<base::Duration> parse_retry_after(std::string_view text, std::string_view date) {
  const std::string_view wanted = trimmed(text);
  if (wanted.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  if (wanted.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto parsed = std::from_chars(wanted.data(), wanted.data() + wanted.size(), seconds);
    if (parsed.ec != std::errc{}) return kLongestRetryAfter;  // more digits than a number holds
  } else {
    const auto until = parse_http_date(wanted);
    const auto now = parse_http_date(trimmed(date));
    if (!until || !now) return std::nullopt;
    seconds = *until - *now;
  }
  constexpr std::int64_t kMost = std::chrono::seconds(std::chrono::hours(1)).count();
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMost));
}

std::string limit_text(base::Duration limit) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  return millis % 1000 == 0 ? std::to_string(millis / 1000) + "s" : std::to_string(millis) + "ms";
}

}  // namespace net
