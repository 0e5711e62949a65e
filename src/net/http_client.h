#pragma once
// HttpClient: HTTP as the worker needs it; the work happens in the studio-transfer program. Thread: io.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace net {

namespace asio = boost::asio;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  base::Secret bearer;       // empty = no Authorization
  std::string content_type;  // with a body
  std::string body;
  base::Duration limit = std::chrono::seconds(60);  // connect to last byte
};

/// One part of a multipart/form-data body, in the order given. Either `text` or `file` is used.
struct FormPart {
  std::string name;
  std::string text;
  std::filesystem::path file;  // streamed, never held in memory
  std::string filename;        // sent only when not empty
  std::string content_type;    // sent only when not empty
  std::string xxh128;          // of the file, see base::Xxh128: another is not sent to its end; empty = not checked
};

struct UploadRequest {
  std::string url;
  base::Secret bearer;
  std::vector<FormPart> parts;
  /// No bytes moved for this long: given up. There is no total limit.
  base::Duration stall_limit = std::chrono::seconds(30);
};

struct DownloadRequest {
  std::string url;
  std::filesystem::path destination;  // created or overwritten; removed again on failure
  base::Bytes max_bytes = 0;          // required
  base::Duration limit = std::chrono::seconds(60);
  std::string user_agent;
};

struct HttpResponse {
  int status = 0;
  std::string content_type;
  std::string body;  // at most 64 KiB of it; empty for downloads
  std::optional<base::Duration> retry_after;
  std::string sha256;     // of the downloaded file
  base::Bytes bytes = 0;  // of that file
};

/// Every status the server gives is a value; an Error means that there was no answer. Cancelling the coroutine cancels
/// the transfer.
/// Errors: kUnavailable (transport, also when the transfer program died twice), kTimeout, kRejected (the guard: scheme,
/// private address, too large, too many redirects), kExhausted (disk), kNotFound (a file to send is missing), kCorrupt
/// (it changed while it was sent, or has another hash), kInvalid (the request cannot be made), kCancelled.
/// Only `download` follows redirects (at most 5); for the others a 3xx is a status like any other, so a token never
/// reaches another host.
/// Guard of `download`: https, or http to loopback; an address that its host resolves to must be public unless the URL
/// is loopback; the same for every redirect, and none may lead from elsewhere to loopback.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual asio::awaitable<base::Result<HttpResponse>> send(HttpRequest request) = 0;
  virtual asio::awaitable<base::Result<HttpResponse>> upload(UploadRequest request) = 0;
  virtual asio::awaitable<base::Result<HttpResponse>> download(DownloadRequest request) = 0;
};

struct HttpOptions {
  std::filesystem::path transfer_program;
  base::Duration linger = std::chrono::minutes(1);  // the program ends after this long without a transfer
  // Instead of the system's certificates for `send` and `upload`, beside them for `download`; empty = none.
  std::string ca_file;
};

std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor, base::Clock& clock, HttpOptions options);

}  // namespace net
