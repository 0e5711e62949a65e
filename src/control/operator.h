#pragma once
// Operator: what the control socket may ask of the running worker. The worker implements it. Thread: io.

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace control {

namespace asio = boost::asio;

/// Something that happened around the policy, as one JSON object; src/control/README.md documents its keys.
struct TraceEvent {
  std::uint64_t number = 0;
  std::string json;
};

/// Which events there are: from `first` to before `next`.
struct TraceKept {
  std::uint64_t first = 0;
  std::uint64_t next = 0;
  std::string since;  // when the first one happened; now, when none is kept
};

class Operator {
 public:
  virtual ~Operator() = default;
  /// One JSON object; src/control/README.md documents its keys.
  virtual std::string status() const = 0;
  /// No new jobs until `resume`, or for the given time. The running job goes on.
  virtual void pause(std::optional<base::Duration> for_time) = 0;
  virtual void resume() = 0;
  /// Finishes what runs, delivers it, and ends the worker.
  virtual void drain() = 0;
  /// Puts a kept generation of the policy in force; the newest older one when none is named. What it did, in words.
  virtual asio::awaitable<base::Result<std::string>> rollback_policy(std::optional<std::uint64_t> generation) = 0;
  /// Puts a saved policy in force that is held because it would accept nothing any more.
  virtual asio::awaitable<base::Result<std::string>> promote_policy() = 0;
  virtual TraceKept trace_kept() const = 0;
  /// The first event with at least this number that is kept; waits for one.
  virtual asio::awaitable<TraceEvent> trace(std::uint64_t from) = 0;
};

}  // namespace control
