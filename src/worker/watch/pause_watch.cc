#include "worker/watch/pause_watch.h"

#include <algorithm>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/async/run_on.h"

namespace worker {
namespace {

/// A program that starts has to be seen within two seconds.
constexpr base::Duration kSensorStep = std::chrono::seconds(1);
/// The wall clock may be set meanwhile, so no sleep until the edge of a window is long.
constexpr base::Duration kLongestLook = std::chrono::minutes(1);
constexpr base::Duration kShortestLook = std::chrono::milliseconds(10);

}  // namespace

PauseWatch::PauseWatch(policy::PolicyHost& policy, machine::Sensors& sensors, base::Clock& clock,
                       asio::any_io_executor sensing)
    : policy_(policy), sensors_(sensors), clock_(clock), sensing_(std::move(sensing)) {}

asio::awaitable<void> PauseWatch::run() {
  for (;;) {
    co_await read_sensors();
    const auto wall = clock_.wall_now();
    auto pause = co_await policy_.pause(facts_, wall);
    const bool other = pause.held != pause_.held;
    pause_ = std::move(pause);
    if (other && changed_) changed_();
    co_await wait_for_more();
  }
}

asio::awaitable<void> PauseWatch::read_sensors() {
  watched_ = policy_.watched();
  if (watched_.empty()) {
    facts_ = {};
    co_return;
  }
  auto read = [&sensors = sensors_, wanted = watched_] { return sensors.read(wanted); };
  auto reading = base::run_on(sensing_, std::move(read));
  facts_ = co_await std::move(reading);
  read_at_ = clock_.now();
}

asio::awaitable<void> PauseWatch::wait_for_more() {
  using namespace asio::experimental::awaitable_operators;
  if (watched_.empty() && pause_.until == base::WallTime::max()) {
    co_await policy_changed_.wait();
    co_return;
  }
  const auto longest = watched_.empty() ? kLongestLook : kSensorStep;
  auto left = longest;
  if (pause_.until != base::WallTime::max()) {
    left = std::clamp<base::Duration>(pause_.until - clock_.wall_now(), kShortestLook, longest);
  }
  const auto again = clock_.now() + left;
  auto event = clock_.sleep_until(again) || policy_changed_.wait();
  co_await std::move(event);
}

}  // namespace worker
