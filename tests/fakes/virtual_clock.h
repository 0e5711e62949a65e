#pragma once
// A clock that jumps: tests run coroutines for hours of their time in microseconds of ours, in one thread.

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.h"

namespace fakes {

namespace asio = boost::asio;

class VirtualClock final : public base::Clock {
 public:
  explicit VirtualClock(asio::io_context& io) : io_(io), work_(asio::make_work_guard(io)) {}

  base::SteadyTime now() const override { return now_; }
  base::WallTime wall_now() const override { return epoch_ + (now_ - base::SteadyTime{}); }

  asio::awaitable<void> sleep_until(base::SteadyTime until) override {
    auto start = [this, until](auto handler) { enlist(until, std::move(handler)); };
    auto operation = asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(start), asio::use_awaitable);
    co_await std::move(operation);
  }

  /// Runs everything that is ready now.
  void settle() {
    while (io_.poll() > 0) {
    }
  }

  /// Lets `duration` pass, one sleeper at a time in order.
  void pass(base::Duration duration) {
    const auto end = now_ + duration;
    settle();
    while (step(end)) {
    }
    now_ = end;
  }

  /// Goes to the next sleeper that is due until `end`, and on until nothing is ready. False when there is none.
  bool step(base::SteadyTime end) {
    if (sleepers_.empty() || sleepers_.begin()->first.first > end) return false;
    now_ = std::max(now_, sleepers_.begin()->first.first);
    const auto wake = std::move(sleepers_.begin()->second);
    sleepers_.erase(sleepers_.begin());
    wake();
    settle();
    return true;
  }

  /// Calls `what` at that time, ahead of whoever begins to sleep until then later.
  void call_at(base::SteadyTime at, std::function<void()> what) {
    sleepers_.emplace(Key{at, ++sequence_}, std::move(what));
  }

  std::size_t sleeping() const { return sleepers_.size(); }

 private:
  using Key = std::pair<base::SteadyTime, std::uint64_t>;

  template <class Handler>
  void enlist(base::SteadyTime until, Handler handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto home = asio::get_associated_executor(handler);
    auto shared = std::make_shared<Handler>(std::move(handler));
    auto wake = [shared, slot, home]() mutable {
      if (slot.is_connected()) slot.clear();
      asio::post(home, [shared] { std::move (*shared)(); });
    };
    const Key key{until, ++sequence_};
    sleepers_.emplace(key, wake);
    if (!slot.is_connected()) return;
    slot.assign([this, key](asio::cancellation_type) {
      const auto found = sleepers_.find(key);
      if (found == sleepers_.end()) return;
      const auto cancelled = std::move(found->second);
      sleepers_.erase(found);
      cancelled();
    });
  }

  asio::io_context& io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  base::SteadyTime now_{};
  base::WallTime epoch_{std::chrono::seconds(1774483200)};
  std::uint64_t sequence_ = 0;
  std::map<Key, std::function<void()>> sleepers_;
};

/// The same numbers in every run.
class SeededRandom final : public base::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) override {
    // SplitMix64.
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return (z ^ (z >> 31)) % bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace fakes
