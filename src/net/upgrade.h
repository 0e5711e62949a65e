#pragma once
// The WebSocket upgrade as values: where it goes, and what a refusal means. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/websocket_link.h"

namespace net {

/// A ws:// or wss:// URL taken apart.
struct Place {
  bool tls = false;
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string target;  // path and query, at least "/"

  /// The Host header: the port only when it is not the scheme's own.
  std::string host_header() const;
  /// host:port for messages.
  std::string str() const;
};

/// Errors: kInvalid.
base::Result<Place> parse_websocket_url(std::string_view url);

/// Whether an answer is a web page: a captive portal, a proxy or a wrong address gives one, the studio never does.
inline bool is_web_page(std::string_view content_type) {
  return content_type.starts_with("text/html");
}

/// What the server said instead of 101.
struct Refusal {
  unsigned status = 0;
  std::string reason;  // the reason phrase
  std::string body;
  std::string retry_after;  // the header's text; empty = none
  std::string date;         // the Date header's text: what a Retry-After date is measured against
  std::string content_type;
};

ConnectFailure refused_upgrade(const Refusal& refusal);

/// Seconds, or an HTTP date relative to `date`; between 0 and an hour. Nothing when it cannot be read.
std::optional<base::Duration> parse_retry_after(std::string_view text, std::string_view date);

/// "15s", or "250ms" when it is no whole number of seconds.
std::string limit_text(base::Duration limit);

}  // namespace net
