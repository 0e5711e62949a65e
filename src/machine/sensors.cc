#include "machine/sensors.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "machine/gpu_files.h"
#include "machine/nvml.h"

namespace machine {
namespace {

class LinuxSensors final : public Sensors {
 public:
  explicit LinuxSensors(SensorOptions options) : options_(std::move(options)) {}

  std::vector<job::GpuFacts> probe_gpus() override {
    std::vector<job::GpuFacts> cards = nvidia_cards();
    const bool told = std::any_of(cards.begin(), cards.end(), [](const auto& card) { return card.total.has_value(); });
    if (!told) {
      for (job::GpuFacts& card : read_amd_files(options_.root)) {
        card.index = static_cast<std::uint32_t>(cards.size());
        cards.push_back(std::move(card));
      }
    }
    return cards;
  }

 private:
  /// NVML knows what this process may use; the files also list cards of other containers, so they only fill gaps.
  std::vector<job::GpuFacts> nvidia_cards() {
    const std::vector<NvidiaCard> files = read_nvidia_files(options_.root);
    for (const NvidiaCard& file : files) {
      if (!file.unreadable.empty()) warn_once(file.bus + " tells its memory as \"" + file.unreadable + "\"");
    }
    std::vector<job::GpuFacts> cards;
    for (NvmlCard& card : nvml_cards()) {
      job::GpuFacts facts{.index = card.index, .name = std::move(card.name), .total = card.total, .free = card.free};
      const auto file =
          std::find_if(files.begin(), files.end(), [&](const auto& each) { return each.bus == card.bus; });
      if (file != files.end()) {
        if (!facts.total) facts.total = file->total;
        if (facts.name.empty()) facts.name = file->name;
      }
      if (facts.name.empty()) facts.name = "NVIDIA GPU";
      cards.push_back(std::move(facts));
    }
    if (!cards.empty()) return cards;
    for (const NvidiaCard& file : files) {
      const auto index = static_cast<std::uint32_t>(cards.size());
      cards.push_back({.index = index, .name = file.name, .total = file.total});
    }
    return cards;
  }

  /// The library stays open between probes: starting it wakes the driver, which takes up to seconds.
  std::vector<NvmlCard> nvml_cards() {
    std::error_code ignored;
    if (!std::filesystem::exists(options_.root / "dev/nvidiactl", ignored)) {
      nvml_.reset();
      return {};
    }
    if (!nvml_) {
      auto opened = Nvml::open(options_.nvml);
      if (!opened) {
        warn_once(opened.error().message);
        return {};
      }
      nvml_ = std::move(*opened);
    }
    auto cards = nvml_->cards();
    if (!cards) {
      warn_once(cards.error().message);
      nvml_.reset();
      return {};
    }
    return std::move(*cards);
  }

  void warn_once(const std::string& what) {
    if (warned_.insert(what).second) base::log::warn("machine", "a card cannot be read", {{"why", what}});
  }

  SensorOptions options_;
  std::optional<Nvml> nvml_;
  std::set<std::string> warned_;
};

}  // namespace

std::unique_ptr<Sensors> make_sensors(SensorOptions options) {
  return std::make_unique<LinuxSensors>(std::move(options));
}

}  // namespace machine
