#include "transfer/guard.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <netinet/in.h>
#include <optional>

#include "base/log.h"

namespace transfer {
namespace {

using Octets = std::array<std::uint8_t, 16>;

struct Range {
  Octets first;
  unsigned bits;
};

bool within(const Octets& address, const Range& range) {
  const unsigned whole = range.bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, range.first.begin())) return false;
  const unsigned rest = range.bits % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xFF00U >> rest & 0xFFU;
  return (address[whole] & mask) == (range.first[whole] & mask);
}

Reach reach_of_v4(const Octets& octets) {
  if (octets[0] == 127) return Reach::kLoopback;
  static constexpr std::array<Range, 14> kInner = {{
      {{0}, 8},              // this network, 0.0.0.0 among it
      {{10}, 8},             // private
      {{100, 64}, 10},       // carrier-grade NAT
      {{169, 254}, 16},      // link-local, the cloud's metadata service among it
      {{172, 16}, 12},       // private
      {{192, 0, 0}, 24},     // protocol assignments
      {{192, 0, 2}, 24},     // documentation
      {{192, 88, 99}, 24},   // 6to4 relays
      {{192, 168}, 16},      // private
      {{198, 18}, 15},       // benchmarks
      {{198, 51, 100}, 24},  // documentation
      {{203, 0, 113}, 24},   // documentation
      {{224}, 4},            // multicast
      {{240}, 4},            // reserved and broadcast
  }};
  const bool inner =
      std::any_of(kInner.begin(), kInner.end(), [&](const Range& range) { return within(octets, range); });
  return inner ? Reach::kInner : Reach::kPublic;
}

Octets wrapped_v4(const Octets& octets, std::size_t at) {
  Octets inner{};
  std::copy_n(octets.begin() + static_cast<std::ptrdiff_t>(at), 4, inner.begin());
  return inner;
}

Reach reach_of_v6(const Octets& octets) {
  static constexpr Octets kOne = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (octets == kOne) return Reach::kLoopback;
  // A translator or tunnel hands the packet to the IPv4 address inside.
  constexpr Range kNat64 = {{0, 0x64, 0xFF, 0x9B}, 96};
  constexpr Range k6to4 = {{0x20, 0x02}, 16};
  if (within(octets, kNat64))
    return reach_of_v4(wrapped_v4(octets, 12)) == Reach::kPublic ? Reach::kPublic : Reach::kInner;
  if (within(octets, k6to4))
    return reach_of_v4(wrapped_v4(octets, 2)) == Reach::kPublic ? Reach::kPublic : Reach::kInner;
  // Only 2000::/3 is handed out; loopback, unspecified, mapped, unique-local, link-local and multicast lie outside.
  constexpr Range kGlobal = {{0x20}, 3};
  static constexpr std::array<Range, 3> kSpecial = {{
      {{0x20, 0x01, 0x00}, 23},        // Teredo and other protocol assignments
      {{0x20, 0x01, 0x0D, 0xB8}, 32},  // documentation
      {{0x3F, 0xFF}, 20},              // documentation
  }};
  const bool special =
      std::any_of(kSpecial.begin(), kSpecial.end(), [&](const Range& range) { return within(octets, range); });
  return within(octets, kGlobal) && !special ? Reach::kPublic : Reach::kInner;
}

struct UrlParts {
  std::string scheme;
  std::string host;
};

std::optional<std::string> url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

/// curl's own parser, so that what is checked is what will be asked for.
std::optional<UrlParts> parse(const std::string& text) {
  const Url url(curl_url(), &curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return std::nullopt;
  auto scheme = url_part(url.get(), CURLUPART_SCHEME);
  auto host = url_part(url.get(), CURLUPART_HOST);
  if (!scheme || !host) return std::nullopt;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::transform(host->begin(), host->end(), host->begin(), lower);
  return UrlParts{std::move(*scheme), std::move(*host)};
}

bool is_loopback_name(const std::string& host) {
  if (host == "localhost") return true;
  if (host.starts_with('[') && host.ends_with(']'))
    return reach_of(host.substr(1, host.size() - 2)) == Reach::kLoopback;
  return reach_of(host) == Reach::kLoopback;
}

}  // namespace

Reach reach_of(const sockaddr& address) {
  Octets octets{};
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(octets.data(), &v4.sin_addr, 4);
    return reach_of_v4(octets);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::memcpy(octets.data(), &v6.sin6_addr, 16);
    return reach_of_v6(octets);
  }
  return Reach::kInner;
}

Reach reach_of(const std::string& address) {
  Octets octets{};
  if (::inet_pton(AF_INET, address.c_str(), octets.data()) == 1) return reach_of_v4(octets);
  if (::inet_pton(AF_INET6, address.c_str(), octets.data()) == 1) return reach_of_v6(octets);
  return Reach::kInner;
}

base::Result<GuardedUrl> check_url(const std::string& url) {
  // Not a URL that curl understands, a data: URL for one: the scheme is the news then.
  const auto parts = parse(url);
  if (!parts && url.find(':') == std::string::npos) {
    return base::Error{base::Code::kInvalid, "invalid input image URL \"" + shown_url(url) + "\""};
  }
  const bool loopback = parts && is_loopback_name(parts->host);
  if (!parts || (parts->scheme != "https" && !(parts->scheme == "http" && loopback))) {
    return base::Error{
        base::Code::kRejected,
        "input image URL must use https (loopback http is allowed for tests/mirrors): " + shown_url(url)};
  }
  return GuardedUrl{url, loopback};
}

base::Result<GuardedUrl> check_redirect(const GuardedUrl& from, const std::string& url) {
  TRY(auto to, check_url(url));
  if (to.loopback && !from.loopback) {
    return base::Error{base::Code::kRejected,
                       shown_url(from.url) + " redirects to this machine (" + shown_url(url) + "): refused"};
  }
  return to;
}

std::string shown_url(const std::string& url) {
  constexpr std::size_t kLimit = 300;
  const auto scheme = url.find("://");
  const auto start = scheme == std::string::npos ? 0 : scheme + 3;
  const auto end = std::min(url.find_first_of("/?#", start), url.size());
  const auto at = url.rfind('@', end);
  std::string shown = url;
  if (scheme != std::string::npos && at != std::string::npos && at >= start && at < end) {
    shown.erase(start, at + 1 - start);
  }
  return base::log::printable(shown, kLimit);
}

}  // namespace transfer
