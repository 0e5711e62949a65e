#include "base/async/event_loop.h"

#include <chrono>
#include <ctime>
#include <gmock/gmock.h>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace base {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// How often this thread has given its processor away to wait.
long sleeps() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Events one after the other, each `gap` after the last.
class Exchange {
 public:
  Exchange(asio::io_context& io, std::chrono::microseconds gap, int events) : timer_(io), gap_(gap), left_(events) {
    next();
  }
  int left() const { return left_; }

 private:
  void next() {
    timer_.expires_after(gap_);
    timer_.async_wait([this](boost::system::error_code) {
      if (--left_ > 0) next();
    });
  }

  asio::steady_timer timer_;
  std::chrono::microseconds gap_;
  int left_;
};

TEST(EventLoop, StaysAwakeBetweenTheEventsOfAnExchange) {
  asio::io_context io;
  Exchange exchange(io, 40us, 400);
  const auto before = sleeps();
  run_event_loop(io, 2);
  EXPECT_EQ(exchange.left(), 0);
  EXPECT_LT(sleeps() - before, 40);
}

TEST(EventLoop, OnlySleepsWithOneProcessor) {
  asio::io_context io;
  Exchange exchange(io, 40us, 400);
  const auto before = sleeps();
  run_event_loop(io, 1);
  EXPECT_EQ(exchange.left(), 0);
  EXPECT_GT(sleeps() - before, 100);
}

/// Processor time of 200 events, a millisecond apart.
std::chrono::nanoseconds cost_of_slow_events(unsigned processors) {
  asio::io_context io;
  Exchange exchange(io, 1ms, 200);
  const auto before = processor_time();
  run_event_loop(io, processors);
  EXPECT_EQ(exchange.left(), 0);
  return processor_time() - before;
}

TEST(EventLoop, DoesNotStayAwakeWhenEventsAreSlow) {
  // To stay awake for 0.1 ms behind each would cost 20 ms more.
  EXPECT_LT(cost_of_slow_events(2), cost_of_slow_events(1) + 10ms);
}

TEST(EventLoop, ReturnsWhenNoWorkIsLeft) {
  asio::io_context io;
  run_event_loop(io);
  EXPECT_TRUE(io.stopped());
}

TEST(EventLoop, ServesOtherThreads) {
  constexpr int kRounds = 2000;
  asio::io_context io;
  int seen = 0;
  std::thread other([&io, &seen, work = asio::make_work_guard(io)]() mutable {
    for (int round = 0; round < kRounds; ++round) asio::post(io, [&seen] { ++seen; });
    work.reset();
  });
  run_event_loop(io);
  other.join();
  EXPECT_EQ(seen, kRounds);
}

TEST(EventLoop, AHandlersExceptionPassesThrough) {
  asio::io_context io;
  asio::post(io, [] { throw std::runtime_error("from a handler"); });
  EXPECT_THROW(run_event_loop(io), std::runtime_error);
}

}  // namespace
}  // namespace base
