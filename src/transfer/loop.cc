#include "transfer/loop.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "transfer/download.h"
#include "transfer/upload.h"

namespace transfer {
namespace {

/// Kept connections; a worker talks to one studio and now and then to a picture's host.
constexpr long kKeptConnections = 16;
constexpr base::Duration kLongestWait = std::chrono::hours(1);

}  // namespace

Loop::Loop(int socket) : channel_(socket), multi_(curl_multi_init(), &curl_multi_cleanup) {
  STUDIO_ASSERT(multi_ != nullptr);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kKeptConnections);
}

Loop::~Loop() {
  while (!exchanges_.empty()) end(exchanges_.begin()->first);
}

base::Status Loop::run() {
  for (;;) {
    const bool connected = !wait() || channel_.fill();
    CHECK_OK(take_requests());
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    collect_finished();
    run_checks();
    if (!channel_.flush() || !connected) return {};
  }
}

bool Loop::wait() {
  base::Duration longest = kLongestWait;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [id, exchange] : exchanges_) {
    if (const auto check = exchange->next_check()) {
      longest = std::clamp<base::Duration>(*check - now, base::Duration::zero(), longest);
    }
  }
  curl_waitfd worker{};
  worker.fd = channel_.socket();
  worker.events = static_cast<short>(CURL_WAIT_POLLIN | (channel_.wants_to_write() ? CURL_WAIT_POLLOUT : 0));
  // Rounded up: a millisecond early would be a round for nothing.
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
  curl_multi_poll(multi_.get(), &worker, 1, static_cast<int>(millis), nullptr);
  return worker.revents != 0;
}

base::Status Loop::take_requests() {
  while (auto request = channel_.next()) {
    if (!*request) return std::move(request->error());
    const std::uint64_t id = (*request)->id;
    auto& what = (*request)->what;
    if (auto* send = std::get_if<Send>(&what)) start(id, make_send(std::move(*send)));
    if (auto* upload = std::get_if<Upload>(&what)) start(id, make_upload(std::move(*upload)));
    if (auto* download = std::get_if<Download>(&what)) start(id, make_download(std::move(*download)));
    if (std::holds_alternative<Cancel>(what)) end(id);
    if (std::holds_alternative<Probe>(what)) channel_.send({});
  }
  return {};
}

void Loop::start(std::uint64_t id, base::Result<std::unique_ptr<Exchange>> made) {
  if (!made) {
    Answer refused;
    refused.error = std::move(made.error());
    return answer(id, refused);
  }
  CURL* handle = (*made)->handle();
  STUDIO_ASSERT(exchanges_.emplace(id, std::move(*made)).second);
  STUDIO_ASSERT(curl_multi_add_handle(multi_.get(), handle) == CURLM_OK);
}

void Loop::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* handle = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto found = std::find_if(exchanges_.begin(), exchanges_.end(),
                                    [&](const auto& entry) { return entry.second->handle() == handle; });
    STUDIO_ASSERT(found != exchanges_.end());
    const std::uint64_t id = found->first;
    if (const auto result = found->second->finished(code)) {
      answer(id, *result);
      end(id);
    } else {
      curl_multi_remove_handle(multi_.get(), handle);
      STUDIO_ASSERT(curl_multi_add_handle(multi_.get(), handle) == CURLM_OK);
    }
  }
}

void Loop::run_checks() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::pair<std::uint64_t, base::Error>> failed;
  for (const auto& [id, exchange] : exchanges_) {
    const auto due = exchange->next_check();
    if (!due || *due > now) continue;
    if (auto error = exchange->check(now)) failed.emplace_back(id, std::move(*error));
  }
  for (auto& [id, error] : failed) {
    Answer given_up;
    given_up.error = std::move(error);
    answer(id, given_up);
    end(id);
  }
}

void Loop::end(std::uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  curl_multi_remove_handle(multi_.get(), found->second->handle());
  exchanges_.erase(found);
}

void Loop::answer(std::uint64_t id, const Answer& answer) {
  channel_.send(encode_answer(id, answer));
}

}  // namespace transfer
