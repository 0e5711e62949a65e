#pragma once
// Exchange: one HTTP request on one curl handle, from its options to its answer. Lives in the Loop's thread.

#include <array>
#include <curl/curl.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "transfer/channel.h"

namespace transfer {

/// Certificates by the hash of their name, read as needed; the bundle file would cost 20 ms and a megabyte.
constexpr const char* kSystemCertificates = "/etc/ssl/certs";

class Exchange {
 public:
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  CURL* handle() const { return easy_.get(); }

  /// curl is done with the handle. Nothing: it must run once more (a redirect, a dead connection).
  virtual std::optional<Answer> finished(CURLcode code) = 0;

  /// When `check` wants to be called next; nothing = never.
  virtual std::optional<base::SteadyTime> next_check() const { return std::nullopt; }
  /// A limit of our own that has passed.
  virtual std::optional<base::Error> check(base::SteadyTime now);

 protected:
  /// Sets what all requests share. `shown` is the request for messages: "POST https://host/path".
  Exchange(const Target& to, std::string shown);

  template <class Value>
  void set(CURLoption option, Value value) {
    STUDIO_ASSERT(curl_easy_setopt(easy_.get(), option, value) == CURLE_OK);
  }
  void set_limit(base::Duration limit);
  void add_header(const std::string& line);
  /// Once all headers are there.
  void use_headers() { set(CURLOPT_HTTPHEADER, headers_.get()); }

  /// Status, kept body and Retry-After of an answered request; the error of any other.
  Answer answer(CURLcode code) const;
  base::Error error(base::Code code, std::string_view why) const;
  /// A callback that stops curl says why here; it then is the answer.
  void stop_with(base::Error why);

 private:
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t keep_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static int tune_socket(void* self, curl_socket_t socket, curlsocktype purpose);

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::array<char, CURL_ERROR_SIZE> curl_says_{};
  std::string shown_;
  std::string body_;
  bool body_full_ = false;
  std::optional<base::Error> stopped_;
};

/// A plain request with its whole body in memory. Errors: kInvalid.
base::Result<std::unique_ptr<Exchange>> make_send(Send request);

/// True when the text may stand in a header.
bool header_safe(std::string_view text);

}  // namespace transfer
