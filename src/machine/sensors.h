#pragma once
// Sensors: what this machine's cards are and have free, from the driver's files and NVML. Thread: one at a time, disk.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "job/decision.h"

namespace machine {

class Sensors {
 public:
  virtual ~Sensors() = default;
  /// The cards that count here: NVIDIA's, and AMD's when no NVIDIA card tells its size. Sizes that no source tells are
  /// unknown, not zero. Never fails: what went wrong is logged once. Blocks while the driver answers, which takes
  /// seconds when a card was asleep.
  virtual std::vector<job::GpuFacts> probe_gpus() = 0;
};

struct SensorOptions {
  std::filesystem::path root = "/";        // where proc, sys and dev are looked for
  std::string nvml = "libnvidia-ml.so.1";  // loaded only where dev/nvidiactl exists
};

std::unique_ptr<Sensors> make_sensors(SensorOptions options = {});

}  // namespace machine
