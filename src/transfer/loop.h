#pragma once
// Loop: all exchanges at once on one curl multi handle, with the worker's requests coming in beside them. One thread.

#include <cstdint>
#include <curl/curl.h>
#include <map>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "transfer/channel.h"
#include "transfer/exchange.h"

namespace transfer {

class Loop {
 public:
  /// `socket` is the channel to the worker and stays the caller's.
  explicit Loop(int socket);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Returns when the worker has hung up. Errors: kInvalid when it speaks another language.
  base::Status run();

 private:
  /// Until something happens; whether it came from the worker.
  bool wait();
  base::Status take_requests();
  void start(std::uint64_t id, base::Result<std::unique_ptr<Exchange>> made);
  void collect_finished();
  void run_checks();
  void end(std::uint64_t id);
  void answer(std::uint64_t id, const Answer& answer);

  Channel channel_;
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  std::map<std::uint64_t, std::unique_ptr<Exchange>> exchanges_;
};

}  // namespace transfer
