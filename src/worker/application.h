#pragma once
// Application: the composition root. Builds every part in dependency order, registers, runs the worker, ends in order.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "config/settings.h"

namespace worker {

struct RunLimits {
  std::optional<std::uint64_t> jobs;
  std::optional<std::chrono::seconds> idle_exit;
};

/// The daemon: returns its exit code (config/exit_code.h). Everything it has to say goes to the log.
int run_application(const config::Settings& settings, const RunLimits& limits, const std::string& version);

}  // namespace worker
