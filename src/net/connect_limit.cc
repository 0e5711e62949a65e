#include "net/connect_limit.h"

#include <utility>

namespace net {

ConnectLimit::ConnectLimit(const asio::any_io_executor& executor, base::Duration limit)
    : timer_(executor, limit), limit_(limit) {}

std::shared_ptr<ConnectLimit> ConnectLimit::start(const asio::any_io_executor& executor, base::Duration limit) {
  auto made = std::make_shared<ConnectLimit>(executor, limit);
  made->timer_.async_wait([weak = std::weak_ptr<ConnectLimit>(made)](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->passed_ = true;
    if (auto cut = std::exchange(self->cut_, nullptr)) cut();
  });
  return made;
}

void ConnectLimit::guard(std::function<void()> cut) {
  if (passed_)
    cut();
  else
    cut_ = std::move(cut);
}

void ConnectLimit::stop() {
  cut_ = nullptr;
  timer_.cancel();
}

base::Duration ConnectLimit::left() const {
  return timer_.expiry() - std::chrono::steady_clock::now();
}

base::Error ConnectLimit::error() const {
  return {base::Code::kTimeout, "connect timed out after " + limit_text(limit_)};
}

}  // namespace net
