#include "transfer/exchange.h"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

#include "transfer/guard.h"

namespace transfer {
namespace {

constexpr std::size_t kBodyLimit = 64 * base::kKiB;
constexpr long kConnectSeconds = 15;
constexpr unsigned kUserTimeoutMillis = 30'000;
/// Unsent bytes in the kernel: few, so that what curl has handed over is what has left, near enough to see a stall.
constexpr int kUnsentBytes = 128 * 1024;
constexpr long kKeepAliveSeconds = 15;
constexpr base::Duration kLongestRetryAfter = std::chrono::hours(1);

base::Code code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return base::Code::kTimeout;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
      return base::Code::kInvalid;
    default:
      return base::Code::kUnavailable;
  }
}

class SendExchange final : public Exchange {
 public:
  explicit SendExchange(Send request)
      : Exchange(request.to, request.method + " " + shown_url(request.to.url)), request_(std::move(request)) {
    set_limit(request_.limit);
    if (request_.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (request_.method != "GET" || !request_.body.empty()) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      set(CURLOPT_POSTFIELDS, request_.body.c_str());
      set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
      // An empty value keeps curl from naming a form's type of its own accord.
      add_header("Content-Type:" + (request_.content_type.empty() ? "" : " " + request_.content_type));
    }
    use_headers();
  }

  std::optional<Answer> finished(CURLcode code) override { return answer(code); }

 private:
  Send request_;  // curl reads the body from here
};

}  // namespace

Exchange::Exchange(const Target& to, std::string shown)
    : easy_(curl_easy_init(), &curl_easy_cleanup), shown_(std::move(shown)) {
  STUDIO_ASSERT(easy_ != nullptr);
  set(CURLOPT_URL, to.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // A studio with an authority of its own is asked for that one alone.
  set(CURLOPT_CAPATH, to.ca_file.empty() ? kSystemCertificates : nullptr);
  set(CURLOPT_CAINFO, to.ca_file.empty() ? nullptr : to.ca_file.c_str());
  set(CURLOPT_PROXY, "");  // never one out of the environment
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled transfer does not wait for its name lookup
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  set(CURLOPT_SOCKOPTFUNCTION, &Exchange::tune_socket);
  set(CURLOPT_ERRORBUFFER, curl_says_.data());
  set(CURLOPT_WRITEFUNCTION, &Exchange::keep_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_PRIVATE, this);
  add_header("Expect:");
  if (!to.bearer.empty()) add_header("Authorization: Bearer " + to.bearer.reveal());
}

std::optional<base::Error> Exchange::check(base::SteadyTime) {
  return std::nullopt;
}

void Exchange::set_limit(base::Duration limit) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(millis, 1)));  // 0 would be none
}

void Exchange::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  STUDIO_ASSERT(longer != nullptr);
  static_cast<void>(headers_.release());
  headers_.reset(longer);
}

Answer Exchange::answer(CURLcode code) const {
  Answer result;
  if (stopped_) {
    result.error = *stopped_;
    return result;
  }
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  // A body above the limit was cut by us: the answer itself is complete.
  if (code != CURLE_OK && !body_full_) {
    const char* generic = curl_easy_strerror(code);
    result.error = error(code_of(code), curl_says_[0] != '\0' ? curl_says_.data() : generic);
    return result;
  }
  result.status = static_cast<int>(status);
  result.body = body_;
  char* type = nullptr;
  if (curl_easy_getinfo(handle(), CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr) {
    result.content_type = type;
  }
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(handle(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds != 0) {
    constexpr curl_off_t kMost = std::chrono::duration_cast<std::chrono::seconds>(kLongestRetryAfter).count();
    result.retry_after = std::chrono::seconds(std::clamp<curl_off_t>(seconds, 0, kMost));
  }
  return result;
}

base::Error Exchange::error(base::Code code, std::string_view why) const {
  return {code, shown_ + ": " + std::string(why)};
}

void Exchange::stop_with(base::Error why) {
  if (!stopped_) stopped_ = std::move(why);
}

std::size_t Exchange::keep_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t length = size * count;
  const std::size_t room = kBodyLimit - exchange.body_.size();
  exchange.body_.append(bytes, std::min(length, room));
  if (length <= room) return length;
  exchange.body_full_ = true;
  return CURL_WRITEFUNC_ERROR;
}

int Exchange::tune_socket(void*, curl_socket_t socket, curlsocktype) {
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMillis, sizeof kUserTimeoutMillis);
  ::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
  return CURL_SOCKOPT_OK;
}

base::Result<std::unique_ptr<Exchange>> make_send(Send request) {
  const bool safe = header_safe(request.to.bearer.reveal()) && header_safe(request.content_type);
  if (!safe || request.method.empty() ||
      request.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != request.method.npos) {
    return base::Error{base::Code::kInvalid, "the method, token or content type holds a character that no header may"};
  }
  return std::make_unique<SendExchange>(std::move(request));
}

bool header_safe(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
}

}  // namespace transfer
