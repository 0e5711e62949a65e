#pragma once
// MachineFacts: what the sensors say of this machine. Every value may be unknown, and says where it comes from.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace job {

/// A program that holds memory of a card.
struct GpuProcess {
  std::string name;                 // of the executable; "process 4711" when the system does not tell
  std::optional<base::Bytes> vram;  // the driver does not tell it everywhere
};

/// A card as the sensors see it; unknown is a value of its own.
struct GpuFacts {
  std::uint32_t index = 0;
  std::string uuid;  // empty = unknown
  std::string name;
  std::optional<base::Bytes> total;
  std::optional<base::Bytes> free;
  std::optional<double> temperature;               // °C
  std::optional<double> busy;                      // 0 to 1
  std::optional<base::Bytes> ours;                 // held by this worker's engines
  std::optional<std::vector<GpuProcess>> foreign;  // everybody else's
};

/// Of all cards together; nothing when no card's size is known.
inline std::optional<base::Bytes> total_memory(std::span<const GpuFacts> cards) {
  std::optional<base::Bytes> total;
  for (const GpuFacts& card : cards) {
    if (card.total) total = total.value_or(0) + *card.total;
  }
  return total;
}

/// A measured value, or why there is none.
template <class Value>
struct Reading {
  std::optional<Value> value;
  std::string source;  // "/proc", "X11 display :0"; of an unknown value: why
};

/// What can be measured. A sensor that nobody asks about is not read.
enum class Sensor : std::uint8_t { kApps, kUser, kPower, kGpus, kLoad };

constexpr std::array<Sensor, 5> kAllSensors = {Sensor::kApps, Sensor::kUser, Sensor::kPower, Sensor::kGpus,
                                               Sensor::kLoad};

class SensorSet {
 public:
  constexpr void add(Sensor sensor) { bits_ |= bit(sensor); }
  constexpr bool has(Sensor sensor) const { return (bits_ & bit(sensor)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  bool operator==(const SensorSet&) const = default;

 private:
  static constexpr unsigned bit(Sensor sensor) { return 1U << static_cast<unsigned>(sensor); }
  unsigned bits_ = 0;
};

struct MachineFacts {
  Reading<std::vector<std::string>> apps;  // names of the executables that run, sorted, each once
  Reading<base::Duration> user_idle;       // since the last key or movement of the pointer
  Reading<bool> locked;                    // the screen
  Reading<bool> on_battery;
  Reading<double> cpu;  // 0 to 1, of all processors together, since the reading before
  Reading<base::Bytes> memory_free;
  Reading<std::vector<GpuFacts>> gpus;
};

}  // namespace job
