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

/// What somebody at this computer wants of the policy.
struct PolicyOrder {
  enum class Kind : std::uint8_t {
    kRollback,    // `generation`; the newest older one when none is named
    kPromote,     // the save that is held, or the shadow; `shadow`: that one
    kShadow,      // `path` is tried beside the policy in force
    kStopShadow,  // that ends
  };
  Kind kind = Kind::kRollback;
  std::optional<std::uint64_t> generation;
  bool shadow = false;
  std::string path;
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
  /// What it did, in words.
  virtual asio::awaitable<base::Result<std::string>> carry_out(PolicyOrder order) = 0;
  /// What the shadow policy did so far, as one JSON object; "null" when none runs.
  virtual std::string shadow() const = 0;
  virtual TraceKept trace_kept() const = 0;
  /// The first event with at least this number that is kept; waits for one.
  virtual asio::awaitable<TraceEvent> trace(std::uint64_t from) = 0;
  /// The last event of every trace, as JSON: the worker ends.
  virtual std::string trace_end() const = 0;
};

}  // namespace control
