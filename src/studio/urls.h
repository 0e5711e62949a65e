#pragma once
// The studio's addresses, derived from api_base_url (contract 1.1, 2.1). Pure.

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace studio {

class Urls {
 public:
  /// Errors: kInvalid for anything but an absolute http(s) or ws(s) URL with a host.
  static base::Result<Urls> parse(std::string_view api_base_url);

  std::string register_request() const;
  std::string register_poll(std::string_view request_id) const;
  std::string complete(const base::WorkerId& worker, const base::JobId& job) const;
  std::string connect(const base::WorkerId& worker) const;
  /// What the operator wrote, normalised; for messages.
  const std::string& base() const { return http_base_; }

 private:
  std::string http_base_;  // without trailing slash and without /graphics/api
  std::string ws_base_;
};

/// Percent-encodes everything but unreserved characters: an id is one path segment, whatever it holds.
std::string path_segment(std::string_view text);

}  // namespace studio
