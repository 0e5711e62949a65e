#pragma once
// CardWatch: finds out that a card fell off the bus or lost its driver, and that it is back. Thread: io.

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/event.h"
#include "base/clock.h"
#include "job/machine_facts.h"
#include "machine/sensors.h"

namespace worker {

namespace asio = boost::asio;

/// How often is looked for a card that is gone.
constexpr base::Duration kLostCardLook = std::chrono::seconds(30);

class CardWatch {
 public:
  /// `sensing`: where the driver may block. `cards`: as found at the start.
  CardWatch(machine::Sensors& sensors, base::Clock& clock, asio::any_io_executor sensing,
            std::vector<job::GpuFacts> cards);

  /// Returns at once on a machine without cards, else never. Looks when a job failed and while a card is gone, and
  /// never else: a look wakes a card that sleeps.
  asio::awaitable<void> run();
  /// How many jobs failed so far.
  void jobs_failed(std::uint64_t count);
  /// Called when a card went or came back.
  void on_change(std::function<void()> callback) { changed_ = std::move(callback); }

  /// Those of the start that are there.
  const std::vector<job::GpuFacts>& cards() const { return present_; }
  /// "GPU 1 (NVIDIA RTX A6000) is gone"; empty when none is.
  std::string lost() const;
  /// The memory of those that are there; nothing when none is gone, or when no size is known.
  std::optional<base::Bytes> left() const;

 private:
  bool complete() const { return present_.size() == all_.size(); }
  void compare(const std::vector<job::GpuFacts>& found);

  machine::Sensors& sensors_;
  base::Clock& clock_;
  asio::any_io_executor sensing_;
  std::vector<job::GpuFacts> all_;
  std::vector<job::GpuFacts> present_;
  std::uint64_t failed_ = 0;
  std::uint64_t looked_ = 0;  // how many of them were followed by a look
  base::Event suspicion_;
  std::function<void()> changed_;
};

}  // namespace worker
