#include "transfer/download.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/files.h"
#include "base/unique_fd.h"
#include "digest/sha256.h"
#include "transfer/guard.h"

namespace transfer {
namespace {

constexpr int kRedirectLimit = 5;

class DownloadExchange final : public Exchange {
 public:
  DownloadExchange(Download request, GuardedUrl url)
      : Exchange(request.to, "GET " + shown_url(url.url)),
        request_(std::move(request)),
        url_(std::move(url)),
        deadline_(std::chrono::steady_clock::now() + request_.limit) {
    set_limit(request_.limit);
    set(CURLOPT_CAPATH, kSystemCertificates);  // pictures live anywhere, whoever signs for the studio
    if (!request_.user_agent.empty()) set(CURLOPT_USERAGENT, request_.user_agent.c_str());
    set(CURLOPT_WRITEFUNCTION, &write_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_OPENSOCKETDATA, this);
    // A kept connection opens no socket: its address is checked again before it is used.
    set(CURLOPT_PREREQFUNCTION, &check_connection);
    set(CURLOPT_PREREQDATA, this);
    use_headers();
  }

  ~DownloadExchange() override {
    if (file_ && !complete_) ::unlink(request_.destination.c_str());
  }

  std::optional<Answer> finished(CURLcode code) override {
    Answer result = answer(code);
    if (result.error) return result;
    if (auto followed = follow()) {
      if (*followed) return std::nullopt;
      result.error = std::move(followed->error());
      return result;
    }
    if (result.status / 100 != 2) return result;
    if (auto ready = open_destination(); !ready) {
      result.error = std::move(ready.error());
      return result;
    }
    complete_ = true;
    result.sha256 = digest::hex(digest_.finish());
    result.bytes = bytes_;
    return result;
  }

 private:
  /// Nothing when the answer is no redirect.
  std::optional<base::Status> follow() {
    char* location = nullptr;
    curl_easy_getinfo(handle(), CURLINFO_REDIRECT_URL, &location);
    if (location == nullptr) return std::nullopt;
    if (++redirects_ > kRedirectLimit) {
      return error(base::Code::kRejected, "more than " + std::to_string(kRedirectLimit) + " redirects");
    }
    auto next = check_redirect(url_, location);
    if (!next) return std::move(next.error());
    const base::Duration left = deadline_ - std::chrono::steady_clock::now();
    if (left <= base::Duration::zero()) return error(base::Code::kTimeout, "the time limit passed");
    url_ = std::move(*next);
    set(CURLOPT_URL, url_.url.c_str());
    set_limit(left);
    return base::Status{};
  }

  base::Status open_destination() {
    if (file_) return {};
    const auto& path = request_.destination;
    file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_ || ::fchmod(file_.get(), 0600) != 0) return base::file_error("create", path, errno);
    return {};
  }

  base::Status take(std::string_view bytes) {
    long status = 0;
    curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2) return {};  // the page of an error or redirect
    curl_off_t announced = -1;
    curl_easy_getinfo(handle(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    const bool too_long = announced > 0 && static_cast<base::Bytes>(announced) > request_.max_bytes;
    if (too_long || bytes.size() > request_.max_bytes - bytes_) {
      return error(base::Code::kRejected, "larger than " + std::to_string(request_.max_bytes) + " bytes");
    }
    CHECK_OK(open_destination());
    bytes_ += bytes.size();
    digest_.add(bytes);
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return base::file_error("write", request_.destination, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  static std::size_t write_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<DownloadExchange*>(self);
    auto taken = exchange.take({bytes, size * count});
    if (taken) return size * count;
    exchange.stop_with(std::move(taken.error()));
    return CURL_WRITEFUNC_ERROR;
  }

  bool admit(Reach reach) {
    if (!refused_ && url_.may_reach(reach)) return true;
    // One bad address condemns the name: the next try might be answered otherwise.
    refused_ = true;
    stop_with(error(base::Code::kRejected, "the host's address is not a public one"));
    return false;
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& exchange = *static_cast<DownloadExchange*>(self);
    if (!exchange.admit(reach_of(address->addr))) return CURL_SOCKET_BAD;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static int check_connection(void* self, char* address, char*, int, int) {
    return static_cast<DownloadExchange*>(self)->admit(reach_of(std::string(address))) ? CURL_PREREQFUNC_OK
                                                                                       : CURL_PREREQFUNC_ABORT;
  }

  Download request_;
  GuardedUrl url_;
  base::SteadyTime deadline_;
  base::UniqueFd file_;
  digest::Sha256 digest_;
  base::Bytes bytes_ = 0;
  int redirects_ = 0;
  bool refused_ = false;
  bool complete_ = false;
};

}  // namespace

base::Result<std::unique_ptr<Exchange>> make_download(Download request) {
  if (request.max_bytes == 0 || request.destination.empty() || !header_safe(request.user_agent)) {
    return base::Error{base::Code::kInvalid, "a download needs a destination, a size limit and a plain user agent"};
  }
  TRY(auto url, check_url(request.to.url));
  request.to.bearer = base::Secret();
  return std::make_unique<DownloadExchange>(std::move(request), std::move(url));
}

}  // namespace transfer
