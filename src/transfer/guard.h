#pragma once
// The guard of downloads: which URLs and which addresses somebody else's words may lead us to. Pure.

#include <string>
#include <string_view>
#include <sys/socket.h>

#include "base/result.h"

namespace transfer {

enum class Reach : std::uint8_t {
  kPublic,
  kLoopback,
  kInner,  // private, link-local, carrier-grade NAT, multicast, unspecified, reserved
};

/// Anything that is no IPv4 or IPv6 address is kInner. An IPv6 address that wraps an IPv4 one reaches what that one
/// reaches; an IPv4-mapped one is kInner, no server needs it.
Reach reach_of(const sockaddr& address);
/// The same for "203.0.113.9" or "2001:db8::1".
Reach reach_of(const std::string& address);

struct GuardedUrl {
  std::string url;
  bool loopback = false;  // the host is localhost, 127.x.x.x or [::1] in so many words

  bool may_reach(Reach reach) const { return reach == (loopback ? Reach::kLoopback : Reach::kPublic); }
};

/// https, or http to loopback. Errors: kRejected, with the text of the contract; kInvalid when it is no URL.
base::Result<GuardedUrl> check_url(const std::string& url);
/// The same for a redirect: nobody outside this machine may send us to it.
base::Result<GuardedUrl> check_redirect(const GuardedUrl& from, const std::string& url);

/// The URL for messages: without user name and password, printable, cut.
std::string shown_url(const std::string& url);

}  // namespace transfer
