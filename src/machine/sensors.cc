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
#include "machine/usage/apps.h"
#include "machine/usage/load.h"
#include "machine/usage/power.h"

namespace machine {
namespace {

class LinuxSensors final : public Sensors {
 public:
  explicit LinuxSensors(SensorOptions options)
      : options_(std::move(options)),
        apps_(options_.root / "proc"),
        presence_(options_.session),
        load_(options_.root) {}

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

  job::MachineFacts read(job::SensorSet wanted) override {
    job::MachineFacts facts;
    if (wanted.has(job::Sensor::kApps)) facts.apps = running_apps();
    if (wanted.has(job::Sensor::kUser)) {
      facts.user_idle = presence_.read();
      facts.locked.source = "no sensor on this system";
    }
    if (wanted.has(job::Sensor::kPower)) facts.on_battery = read_on_battery(options_.root);
    if (wanted.has(job::Sensor::kLoad)) {
      facts.cpu = load_.cpu();
      facts.memory_free = load_.memory_free();
    }
    if (wanted.has(job::Sensor::kGpus)) facts.gpus = used_gpus();
    return facts;
  }

 private:
  job::Reading<std::vector<std::string>> running_apps() {
    auto names = apps_.read();
    if (names) return {std::move(*names), (options_.root / "proc").string()};
    return {std::nullopt, names.error().message};
  }

  /// The driver is there and shows no card: then what runs on it is not known, which is not the same as nothing.
  job::Reading<std::vector<job::GpuFacts>> used_gpus() {
    job::Reading<std::vector<job::GpuFacts>> reading{probe_gpus(), "the drivers"};
    std::error_code ignored;
    if (reading.value->empty() && std::filesystem::exists(options_.root / "dev/nvidiactl", ignored)) {
      return {std::nullopt, "the NVIDIA driver shows no card"};
    }
    for (job::GpuFacts& card : *reading.value) {
      if (nvml_) add_processes(card);
    }
    return reading;
  }

  void add_processes(job::GpuFacts& card) {
    const auto processes = nvml_->processes(card.index);
    if (!processes) return;
    card.ours = 0;
    card.foreign.emplace();
    const auto proc = options_.root / "proc";
    for (const NvmlProcess& process : *processes) {
      if (is_ours(proc, process.pid)) {
        *card.ours += process.vram.value_or(0);
        continue;
      }
      const auto names = names_of_process(proc, process.pid);
      card.foreign->push_back({names.empty() ? "process " + std::to_string(process.pid) : names.back(), process.vram});
    }
  }

  /// NVML knows what this process may use; the files also list cards of other containers, so they only fill gaps.
  std::vector<job::GpuFacts> nvidia_cards() {
    const std::vector<NvidiaCard> files = read_nvidia_files(options_.root);
    for (const NvidiaCard& file : files) {
      if (!file.unreadable.empty()) warn_once(file.bus + " tells its memory as \"" + file.unreadable + "\"");
    }
    std::vector<job::GpuFacts> cards;
    for (NvmlCard& card : nvml_cards()) {
      job::GpuFacts facts{.index = card.index,
                          .uuid = std::move(card.uuid),
                          .name = std::move(card.name),
                          .total = card.total,
                          .free = card.free,
                          .temperature = card.temperature,
                          .busy = card.busy};
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
  AppList apps_;
  Presence presence_;
  Load load_;
  std::optional<Nvml> nvml_;
  std::set<std::string> warned_;
};

}  // namespace

std::unique_ptr<Sensors> make_sensors(SensorOptions options) {
  return std::make_unique<LinuxSensors>(std::move(options));
}

}  // namespace machine
