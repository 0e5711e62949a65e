#pragma once
// Settings: everything the worker was told, checked, with the origin of each value. Immutable once loaded.

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace config {

struct Settings {
  std::filesystem::path config_file;
  bool file_exists = false;

  // Keys of config.toml (README.md of this folder).
  std::string api_base_url = "https://studio.minis.gg/";
  base::WorkerId worker_id;
  base::Secret auth_token;
  std::string install_id;
  std::string registration_request_id;
  base::Secret registration_secret;
  double vram_threshold_gb = 12.0;  // GiB
  bool auto_enabled = true;
  bool auto_start = true;
  bool auto_update_enabled = true;
  bool start_minimised = true;
  bool only_when_idle = false;
  unsigned ws_reconnect_attempts = 0;  // 0 = for ever
  std::filesystem::path models_root;
  std::filesystem::path policy;  // empty = none: every offer passes
  std::vector<std::filesystem::path> engines;
  std::size_t max_jobs = 1;
  std::string ca_file;
  std::chrono::seconds drain_timeout{30};
  std::string log_level = "info";
  bool log_json = false;

  // Folders, from flags and the environment.
  std::filesystem::path state_folder;
  std::filesystem::path runtime_folder;

  /// By key: "default", "config.toml:7", "--policy".
  std::map<std::string, std::string> origins;
};

/// What the command line adds to or puts in place of the file.
struct Overrides {
  std::filesystem::path config_file;  // --config
  std::filesystem::path state_folder;
  std::filesystem::path runtime_folder;
  std::filesystem::path policy;
  std::vector<std::filesystem::path> engines;
  std::optional<std::string> api_base_url;
  std::optional<std::chrono::seconds> drain_timeout;
  std::optional<std::string> log_level;
  bool log_json = false;
};

}  // namespace config
