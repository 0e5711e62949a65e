#pragma once
// Time and randomness come in through these interfaces only, so that a whole worker can run on a virtual clock.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace base {

namespace asio = boost::asio;

using Duration = std::chrono::nanoseconds;
/// Monotonic time; stands still during suspend. For every interval and deadline.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// UTC. For display, windows and certificates; never for an interval.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime now() const = 0;
  virtual WallTime wall_now() const = 0;
  /// Returns at `until`, or earlier when the awaiting coroutine is cancelled. Thread: io.
  virtual asio::awaitable<void> sleep_until(SteadyTime until) = 0;
};

/// The operating system's clocks with Asio timers of the awaiting coroutine's executor.
std::unique_ptr<Clock> make_system_clock();

/// RFC 3339 in UTC with milliseconds: 2026-03-04T10:11:12.345Z.
std::string format_utc(WallTime time);

class Random {
 public:
  virtual ~Random() = default;
  /// Uniform in [0, bound). Requires: bound > 0.
  virtual std::uint64_t below(std::uint64_t bound) = 0;
};

/// Seeded from the operating system. Not for secrets: those come from `random_hex`.
std::unique_ptr<Random> make_system_random();

/// `bytes` bytes of the kernel's random source as lower-case hex (2 characters a byte).
std::string random_hex(std::size_t bytes);

}  // namespace base
