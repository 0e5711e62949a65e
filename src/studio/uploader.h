#pragma once
// Uploader: hands a result file to the studio over HTTP, with the contract's retry rule (1.5). Thread: io.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "job/result.h"
#include "net/http_client.h"
#include "studio/registration.h"
#include "studio/urls.h"

namespace studio {

struct ResultFile {
  base::JobId job;
  std::filesystem::path file;
  std::filesystem::path prompt_file;  // the full prompt; streamed, it may be megabytes
  std::optional<std::string> prompt;  // instead of the file
  std::string ext;                    // no dot
  base::Bytes bytes = 0;              // what the file had when it was made; 0 = not known
  std::string xxh128;                 // the same of its content; empty = not known
};

class Uploader {
 public:
  using Note = std::function<void(base::log::Level, std::string, const base::JobId&)>;

  Uploader(Urls urls, net::HttpClient& http, base::Clock& clock, Note note);

  void set_credentials(Credentials credentials) { credentials_ = std::move(credentials); }

  /// Up to three tries, 1 s and 2 s apart, for 5xx and transport failures.
  /// Errors: kConflict (409: the claim is not ours now), kUnauthorized (401, 403), kRejected (other 4xx),
  /// kUnavailable (still failing), kCorrupt (the file is not what it was when it was made, or changed while it was
  /// sent).
  asio::awaitable<base::Result<job::Receipt>> put(ResultFile result);

 private:
  asio::awaitable<base::Result<job::Receipt>> put_once(const ResultFile& result);

  Urls urls_;
  net::HttpClient& http_;
  base::Clock& clock_;
  Note note_;
  Credentials credentials_;
};

/// Content-Type of a result by its extension, matched without regard to case.
std::string_view mime_type(std::string_view ext);

}  // namespace studio
