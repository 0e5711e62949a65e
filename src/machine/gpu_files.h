#pragma once
// Cards as the kernel's files show them: NVIDIA's proc folder and the amdgpu driver's sysfs folder.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "job/decision.h"

namespace machine {

struct NvidiaCard {
  std::string bus;  // PCI address as the proc folder spells it: 0000:01:00.0
  std::string name;
  std::optional<base::Bytes> total;  // drivers of the 5xx series no longer tell it
  std::string unreadable;            // the memory line when it is there and makes no sense
};

/// Sorted by PCI address. `root` is / but in tests.
std::vector<NvidiaCard> read_nvidia_files(const std::filesystem::path& root);

/// Sorted by card number; only cards whose driver tells a size.
std::vector<job::GpuFacts> read_amd_files(const std::filesystem::path& root);

/// "8192 MB", "24 GiB", "16384": a missing or unknown unit is MiB. Nothing for zero and for what is no number.
std::optional<base::Bytes> parse_video_memory(std::string_view text);

}  // namespace machine
