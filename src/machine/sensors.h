#pragma once
// Sensors: what this machine's cards are and have free, which programs run, who uses it. Thread: one at a time; never
// io.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "job/machine_facts.h"
#include "machine/usage/presence.h"

namespace machine {

class Sensors {
 public:
  virtual ~Sensors() = default;
  /// The cards that count here: NVIDIA's, and AMD's when no NVIDIA card tells its size. Sizes that no source tells are
  /// unknown, not zero. Never fails: what went wrong is logged once. Blocks while the driver answers, which takes
  /// seconds when a card was asleep.
  virtual std::vector<job::GpuFacts> probe_gpus() = 0;
  /// Reads what is wanted; the rest is unknown. Never fails, and may block as `probe_gpus`.
  virtual job::MachineFacts read(job::SensorSet wanted) = 0;
};

struct SensorOptions {
  std::filesystem::path root = "/";        // where proc, sys and dev are looked for
  std::string nvml = "libnvidia-ml.so.1";  // loaded only where dev/nvidiactl exists
  Session session = Session::of_environment();
};

std::unique_ptr<Sensors> make_sensors(SensorOptions options = {});

}  // namespace machine
