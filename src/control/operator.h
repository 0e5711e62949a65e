#pragma once
// Operator: what the control socket may ask of the running worker. The worker implements it. Thread: io.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace control {

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
};

}  // namespace control
