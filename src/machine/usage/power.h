#pragma once
// Whether this machine runs on battery, from the kernel's list of power supplies.

#include <filesystem>

#include "job/machine_facts.h"

namespace machine {

/// A machine without a battery runs on mains. `root` is / but in tests.
job::Reading<bool> read_on_battery(const std::filesystem::path& root);

}  // namespace machine
