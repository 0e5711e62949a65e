#pragma once
// Nvml: the NVIDIA driver's management library, loaded at run time; every function of it may be missing.

#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace machine {

struct NvmlCard {
  std::uint32_t index = 0;
  std::string bus;   // PCI address spelt as in NVIDIA's proc folder; empty when the library does not tell
  std::string name;  // empty when the library does not tell
  std::optional<base::Bytes> total;
  std::optional<base::Bytes> free;
  std::string uuid;                   // empty when the library does not tell
  std::optional<double> temperature;  // °C
  std::optional<double> busy;         // 0 to 1
};

/// A process that holds memory of a card.
struct NvmlProcess {
  pid_t pid = 0;
  std::optional<base::Bytes> vram;  // not told where the system manages the memory
};

/// A loaded and initialised library; unloaded when it dies. Thread: one at a time.
class Nvml {
 public:
  /// Errors: kNotFound without the library, kUnavailable when it lacks what everything needs or will not start.
  static base::Result<Nvml> open(const std::string& library);

  Nvml(Nvml&&) noexcept;
  Nvml& operator=(Nvml&&) noexcept;
  ~Nvml();

  /// In the library's order. A card that the driver lost or hides is left out.
  /// Errors: kUnavailable; the library must be opened again then.
  base::Result<std::vector<NvmlCard>> cards() const;
  /// The processes on the card with this index that compute or draw, each once, by number; nothing when the library
  /// does not tell.
  std::optional<std::vector<NvmlProcess>> processes(std::uint32_t index) const;

 private:
  struct Library;
  explicit Nvml(std::unique_ptr<Library> library);
  std::unique_ptr<Library> library_;
};

}  // namespace machine
