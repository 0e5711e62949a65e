#include "base/async/event_loop.h"

#include <chrono>

namespace base {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

/// A wait this short says that an exchange goes on; its handlers are part of the time.
constexpr microseconds kShortWait{500};
/// About what a wake-up costs on both sides; 0.2 ms brought no earlier answers, 0.05 ms later ones.
constexpr microseconds kAwake{100};

void stay_awake(boost::asio::io_context& io) {
  for (auto until = Clock::now() + kAwake; Clock::now() < until && !io.stopped();) {
    if (io.poll() > 0) until = Clock::now() + kAwake;
  }
}

}  // namespace

void run_event_loop(boost::asio::io_context& io, unsigned processors) {
  if (processors < 2) {
    io.run();
    return;
  }
  for (auto began = Clock::now(); io.run_one() > 0; began = Clock::now()) {
    io.poll();
    if (Clock::now() - began < kShortWait) stay_awake(io);
  }
}

}  // namespace base
