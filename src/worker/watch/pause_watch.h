#pragma once
// PauseWatch: reads the sensors that the policy's pause rules need, and says when the worker has to pause. Thread: io.

#include <functional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/event.h"
#include "base/clock.h"
#include "job/machine_facts.h"
#include "machine/sensors.h"
#include "policy/policy_host.h"

namespace worker {

namespace asio = boost::asio;

class PauseWatch {
 public:
  /// `sensing`: where the sensors may block.
  PauseWatch(policy::PolicyHost& policy, machine::Sensors& sensors, base::Clock& clock, asio::any_io_executor sensing);

  /// Never returns. Without pause rules it sleeps; with a sensor to watch it looks once a second.
  asio::awaitable<void> run();
  void policy_changed() { policy_changed_.notify(); }
  /// Called when what holds, or why, is another than before.
  void on_change(std::function<void()> callback) { changed_ = std::move(callback); }

  const policy::pause::Pause& pause() const { return pause_; }
  /// As last read; what nobody asked about is unknown.
  const job::MachineFacts& facts() const { return facts_; }
  job::SensorSet watched() const { return watched_; }
  base::SteadyTime read_at() const { return read_at_; }

 private:
  asio::awaitable<void> read_sensors();
  asio::awaitable<void> wait_for_more();

  policy::PolicyHost& policy_;
  machine::Sensors& sensors_;
  base::Clock& clock_;
  asio::any_io_executor sensing_;
  std::function<void()> changed_;
  base::Event policy_changed_;
  job::SensorSet watched_;
  job::MachineFacts facts_;
  base::SteadyTime read_at_{};
  policy::pause::Pause pause_;
};

}  // namespace worker
