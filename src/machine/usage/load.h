#pragma once
// How busy this machine is: processors and memory, from /proc.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "job/machine_facts.h"

namespace machine {

class Load {
 public:
  explicit Load(std::filesystem::path root) : root_(std::move(root)) {}
  /// Of all processors together since the call before; unknown the first time.
  job::Reading<double> cpu();
  /// What can be had without swapping.
  job::Reading<base::Bytes> memory_free() const;

 private:
  struct Ticks {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
  };
  std::filesystem::path root_;
  std::optional<Ticks> before_;
};

}  // namespace machine
