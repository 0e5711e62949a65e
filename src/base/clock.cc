#include "base/clock.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <random>
#include <sys/random.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace base {
namespace {

class SystemClock final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
  asio::awaitable<void> sleep_until(SteadyTime until) override {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, until);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
};

class SystemRandom final : public Random {
 public:
  SystemRandom() {
    std::uint64_t seed = 0;
    STUDIO_ASSERT(::getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed));
    engine_.seed(seed);
  }
  std::uint64_t below(std::uint64_t bound) override {
    STUDIO_ASSERT(bound > 0);
    // Rejection keeps it uniform and, unlike std::uniform_int_distribution, the same on every library.
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    std::uint64_t value = engine_();
    while (value >= limit) value = engine_();
    return value % bound;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

std::unique_ptr<Clock> make_system_clock() {
  return std::make_unique<SystemClock>();
}
std::unique_ptr<Random> make_system_random() {
  return std::make_unique<SystemRandom>();
}

std::string format_utc(WallTime time) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  auto rest = static_cast<int>(millis % 1000);
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, rest);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string random_hex(std::size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string raw(bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes) {
    const auto got = ::getrandom(raw.data() + filled, bytes - filled, 0);
    STUDIO_ASSERT(got > 0);
    filled += static_cast<std::size_t>(got);
  }
  std::string text;
  text.reserve(2 * bytes);
  for (const char byte : raw) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

}  // namespace base
