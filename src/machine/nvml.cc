#include "machine/nvml.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <dlfcn.h>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace machine {
namespace {

// The library's own types, by their published layout.
using Status = int;
constexpr Status kSuccess = 0;
using Device = void*;

struct MemoryInfo {
  unsigned long long total = 0;
  unsigned long long free = 0;
  unsigned long long used = 0;
};

struct MemoryInfo2 {
  unsigned int version = 0;
  unsigned long long total = 0;
  unsigned long long reserved = 0;
  unsigned long long free = 0;
  unsigned long long used = 0;
};
// The library tells versions of a structure by its size and a number in the top byte.
constexpr unsigned int kMemoryInfo2Version = sizeof(MemoryInfo2) | (2U << 24U);

struct PciInfo {
  std::array<char, 16> bus_id_legacy{};
  unsigned int domain = 0;
  unsigned int bus = 0;
  unsigned int device = 0;
  unsigned int device_id = 0;
  unsigned int subsystem_id = 0;
  std::array<char, 32> bus_id{};
};

struct Utilization {
  unsigned int gpu = 0;  // per cent
  unsigned int memory = 0;
};

/// Of the second and third version of the process lists.
struct ProcessInfo {
  unsigned int pid = 0;
  unsigned long long used = 0;
  unsigned int gpu_instance = 0;
  unsigned int compute_instance = 0;
};
constexpr unsigned long long kUsedNotTold = ~0ULL;
constexpr Status kTooSmall = 7;
constexpr unsigned int kMostProcesses = 4096;
constexpr unsigned int kCoreTemperature = 0;

constexpr std::size_t kNameBytes = 96;
/// Length of 0000:01:00.0; the library writes the domain with eight digits, the proc folder with four.
constexpr std::size_t kBusLength = 12;

struct CloseLibrary {
  void operator()(void* handle) const { ::dlclose(handle); }
};

template <std::size_t Size>
std::string text_of(const std::array<char, Size>& text) {
  return {text.begin(), std::find(text.begin(), text.end(), '\0')};
}

std::string normal_bus(std::string bus) {
  std::transform(bus.begin(), bus.end(), bus.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return bus.size() > kBusLength ? bus.substr(bus.size() - kBusLength) : bus;
}

}  // namespace

struct Nvml::Library {
  std::unique_ptr<void, CloseLibrary> handle;
  bool started = false;
  Status (*init)() = nullptr;
  Status (*shutdown)() = nullptr;
  const char* (*error_string)(Status) = nullptr;
  Status (*count)(unsigned int*) = nullptr;
  Status (*by_index)(unsigned int, Device*) = nullptr;
  Status (*name)(Device, char*, unsigned int) = nullptr;
  Status (*pci_info)(Device, PciInfo*) = nullptr;
  Status (*memory2)(Device, MemoryInfo2*) = nullptr;
  Status (*memory)(Device, MemoryInfo*) = nullptr;
  Status (*uuid)(Device, char*, unsigned int) = nullptr;
  Status (*temperature)(Device, unsigned int, unsigned int*) = nullptr;
  Status (*utilization)(Device, Utilization*) = nullptr;
  Status (*computing)(Device, unsigned int*, ProcessInfo*) = nullptr;
  Status (*drawing)(Device, unsigned int*, ProcessInfo*) = nullptr;

  ~Library() {
    if (started && shutdown != nullptr) shutdown();
  }

  template <class Function>
  void find(Function*& function, const char* symbol, const char* older = nullptr) {
    void* found = ::dlsym(handle.get(), symbol);
    if (found == nullptr && older != nullptr) found = ::dlsym(handle.get(), older);
    function = reinterpret_cast<Function*>(found);
  }

  void find_all() {
    find(init, "nvmlInit_v2", "nvmlInit");
    find(shutdown, "nvmlShutdown");
    find(error_string, "nvmlErrorString");
    find(count, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount");
    find(by_index, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex");
    find(name, "nvmlDeviceGetName");
    find(pci_info, "nvmlDeviceGetPciInfo_v3");
    find(memory2, "nvmlDeviceGetMemoryInfo_v2");
    find(memory, "nvmlDeviceGetMemoryInfo");
    find(uuid, "nvmlDeviceGetUUID");
    find(temperature, "nvmlDeviceGetTemperature");
    find(utilization, "nvmlDeviceGetUtilizationRates");
    // The first version has another layout, and only drivers of before 2020 lack the second.
    find(computing, "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2");
    find(drawing, "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2");
  }

  base::Error error(std::string_view what, Status status) const {
    const char* text = error_string != nullptr ? error_string(status) : nullptr;
    return {base::Code::kUnavailable, "NVML: " + std::string(what) + ": " +
                                          (text != nullptr ? base::log::printable(text, 200) : "error") + " (" +
                                          std::to_string(status) + ")"};
  }

  void read_memory(Device device, NvmlCard& card) const {
    MemoryInfo2 second{.version = kMemoryInfo2Version};
    MemoryInfo first;
    if (memory2 != nullptr && memory2(device, &second) == kSuccess) {
      first = {.total = second.total, .free = second.free, .used = second.used};
    } else if (memory == nullptr || memory(device, &first) != kSuccess) {
      return;  // an iGPU shares the host's memory and has none of its own to tell
    }
    if (first.total == 0 || first.free > first.total) return;
    card.total = first.total;
    card.free = first.free;
  }

  NvmlCard read(unsigned int index, Device device) const {
    NvmlCard card{.index = index};
    std::array<char, kNameBytes> text{};
    if (name != nullptr && name(device, text.data(), kNameBytes) == kSuccess) {
      card.name = base::log::printable(text_of(text), kNameBytes);
    }
    PciInfo pci;
    if (pci_info != nullptr && pci_info(device, &pci) == kSuccess) card.bus = normal_bus(text_of(pci.bus_id));
    read_memory(device, card);
    read_state(device, card);
    return card;
  }

  void read_state(Device device, NvmlCard& card) const {
    std::array<char, kNameBytes> text{};
    if (uuid != nullptr && uuid(device, text.data(), kNameBytes) == kSuccess) {
      card.uuid = base::log::printable(text_of(text), kNameBytes);
    }
    unsigned int degrees = 0;
    if (temperature != nullptr && temperature(device, kCoreTemperature, &degrees) == kSuccess) {
      card.temperature = static_cast<double>(degrees);
    }
    Utilization used;
    if (utilization != nullptr && utilization(device, &used) == kSuccess && used.gpu <= 100) {
      card.busy = used.gpu / 100.0;
    }
  }

  using List = Status (*)(Device, unsigned int*, ProcessInfo*);
  /// Adds to `processes`. False when the library does not tell.
  static bool add_processes(List list, Device device, std::vector<NvmlProcess>& processes) {
    if (list == nullptr) return false;
    std::vector<ProcessInfo> infos(64);
    auto count = static_cast<unsigned int>(infos.size());
    Status status = list(device, &count, infos.data());
    if (status == kTooSmall && count <= kMostProcesses) {
      infos.resize(std::size_t{2} * count);
      count = static_cast<unsigned int>(infos.size());
      status = list(device, &count, infos.data());
    }
    if (status != kSuccess || count > infos.size()) return false;
    infos.resize(count);
    for (const ProcessInfo& info : infos) {
      NvmlProcess process{.pid = static_cast<pid_t>(info.pid)};
      if (info.used != kUsedNotTold) process.vram = info.used;
      processes.push_back(process);
    }
    return true;
  }
};

Nvml::Nvml(std::unique_ptr<Library> library) : library_(std::move(library)) {}
Nvml::Nvml(Nvml&&) noexcept = default;
Nvml& Nvml::operator=(Nvml&&) noexcept = default;
Nvml::~Nvml() = default;

base::Result<Nvml> Nvml::open(const std::string& file) {
  auto library = std::make_unique<Library>();
  library->handle.reset(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library->handle) {
    const char* why = ::dlerror();
    return base::Error{base::Code::kNotFound, "cannot load NVML: " + std::string(why != nullptr ? why : file)};
  }
  library->find_all();
  if (library->init == nullptr || library->count == nullptr || library->by_index == nullptr) {
    return base::Error{base::Code::kUnavailable, file + " is no NVML: it cannot list cards"};
  }
  const Status status = library->init();
  if (status != kSuccess) return library->error("cannot start", status);
  library->started = true;
  return Nvml(std::move(library));
}

base::Result<std::vector<NvmlCard>> Nvml::cards() const {
  unsigned int count = 0;
  const Status status = library_->count(&count);
  if (status != kSuccess) return library_->error("cannot count cards", status);
  std::vector<NvmlCard> cards;
  for (unsigned int index = 0; index < count; ++index) {
    Device device = nullptr;
    if (library_->by_index(index, &device) == kSuccess) cards.push_back(library_->read(index, device));
  }
  return cards;
}

std::optional<std::vector<NvmlProcess>> Nvml::processes(std::uint32_t index) const {
  Device device = nullptr;
  if (library_->by_index(index, &device) != kSuccess) return std::nullopt;
  std::vector<NvmlProcess> all;
  const bool computing = Library::add_processes(library_->computing, device, all);
  const bool drawing = Library::add_processes(library_->drawing, device, all);
  if (!computing && !drawing) return std::nullopt;
  // One that computes and draws is in both lists, with the same memory.
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair(a.pid, b.vram.value_or(0)) < std::pair(b.pid, a.vram.value_or(0));
  });
  all.erase(std::unique(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.pid == b.pid; }),
            all.end());
  return all;
}

}  // namespace machine
