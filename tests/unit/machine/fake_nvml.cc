// A stand-in for libnvidia-ml.so.1 with two cards. $FAKE_NVML names what goes wrong; $FAKE_NVML_LOG counts calls.

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kDriverNotLoaded = 9;
constexpr int kGpuIsLost = 15;
constexpr unsigned long long kGib = 1024ULL * 1024 * 1024;

bool asked_for(const char* fault) {
  const char* asked = std::getenv("FAKE_NVML");
  return asked != nullptr && std::strcmp(asked, fault) == 0;
}

void note(const char* call) {
  const char* path = std::getenv("FAKE_NVML_LOG");
  std::FILE* file = path != nullptr ? std::fopen(path, "a") : nullptr;
  if (file == nullptr) return;
  std::fprintf(file, "%s\n", call);
  std::fclose(file);
}

/// A handle is the address of the card's number.
unsigned int number_of(void* device) {
  return *static_cast<unsigned int*>(device);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names and layouts are those of the library.
extern "C" {

struct Memory {
  unsigned long long total, free, used;
};
struct Memory_v2 {
  unsigned int version;
  unsigned long long total, reserved, free, used;
};
struct Pci {
  char legacy[16];
  unsigned int domain, bus, device, id, subsystem;
  char bus_id[32];
};

int nvmlShutdown() {
  note("shutdown");
  return kSuccess;
}

int nvmlInit_v2() {
  note("init");
  return asked_for("no driver") ? kDriverNotLoaded : kSuccess;
}

const char* nvmlErrorString(int status) {
  return status == kDriverNotLoaded ? "Driver Not Loaded" : "Unknown";
}

int nvmlDeviceGetCount_v2(unsigned int* count) {
  note("count");
  *count = 2;
  return asked_for("count fails") ? kGpuIsLost : kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) {
  static unsigned int numbers[] = {0, 1};
  if (index > 1) return kInvalidArgument;
  if (index == 0 && asked_for("first lost")) return kGpuIsLost;
  *device = &numbers[index];
  return kSuccess;
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  if (asked_for("no memory")) return kNotSupported;
  *memory = {.total = 8 * kGib, .free = (5 + number_of(device)) * kGib, .used = 3 * kGib};
  return kSuccess;
}

#ifndef FAKE_OLD_DRIVER

struct Utilization {
  unsigned int gpu, memory;
};
struct Process {
  unsigned int pid;
  unsigned long long used;
  unsigned int gpu_instance, compute_instance;
};

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned int length) {
  std::snprintf(uuid, length, "GPU-%u", number_of(device));
  return kSuccess;
}

int nvmlDeviceGetTemperature(void* device, unsigned int sensor, unsigned int* degrees) {
  *degrees = 60 + number_of(device);
  return sensor == 0 ? kSuccess : kInvalidArgument;
}

int nvmlDeviceGetUtilizationRates(void*, Utilization* used) {
  *used = {.gpu = 25, .memory = 50};
  return kSuccess;
}

/// $FAKE_NVML_PID computes on the first card, and draws there with the same memory.
int list_processes(void* device, unsigned int* count, Process* processes, unsigned long long used) {
  constexpr int kInsufficientSize = 7;
  if (asked_for("no processes")) return kNotSupported;
  const char* pid = std::getenv("FAKE_NVML_PID");
  const bool none = pid == nullptr || number_of(device) != 0;
  const unsigned int room = *count;
  *count = none ? 0 : 1;
  if (none) return kSuccess;
  if (room < 1) return kInsufficientSize;
  processes[0] = {.pid = static_cast<unsigned int>(std::atoi(pid)), .used = used};
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned int* count, Process* processes) {
  return list_processes(device, count, processes, 2 * kGib);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void* device, unsigned int* count, Process* processes) {
  return list_processes(device, count, processes, asked_for("no used memory") ? ~0ULL : 2 * kGib);
}

int nvmlDeviceGetName(void* device, char* name, unsigned int length) {
  std::snprintf(name, length, "Fake Card %u", number_of(device));
  return kSuccess;
}

int nvmlDeviceGetPciInfo_v3(void* device, Pci* pci) {
  std::snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02X:00.0", 0x0A + number_of(device));
  return kSuccess;
}

int nvmlDeviceGetMemoryInfo_v2(void* device, Memory_v2* memory) {
  if (memory->version != (sizeof(Memory_v2) | (2U << 24U))) return kInvalidArgument;
  if (asked_for("no memory") || asked_for("only first memory")) return kNotSupported;
  *memory = {.version = memory->version,
             .total = 24 * kGib,
             .reserved = kGib,
             .free = (20 + number_of(device)) * kGib,
             .used = 3 * kGib};
  return kSuccess;
}

#endif
}
// NOLINTEND(readability-identifier-naming)
