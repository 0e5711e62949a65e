#pragma once
// Where things lie on this machine (XDG on Linux). Platform code.

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace config {

/// $XDG_CONFIG_HOME/studio-worker/config.toml. Errors: kInvalid naming what to set when there is no home folder.
base::Result<std::filesystem::path> default_config_file();
/// The public worker's file in its place, if it exists.
std::optional<std::filesystem::path> public_worker_config_file();
/// $XDG_STATE_HOME/studio-worker. Errors as above.
base::Result<std::filesystem::path> default_state_folder();
/// $XDG_RUNTIME_DIR/studio-worker, or `run` in the state folder where there is no runtime directory.
std::filesystem::path default_runtime_folder(const std::filesystem::path& state_folder);
/// Where the worker keeps what it knows of its policy: kept generations, decision records.
std::filesystem::path policy_data_folder(const std::filesystem::path& state_folder);
/// A leading ~ or ~/ becomes the home folder; without one the text stays.
std::filesystem::path expand_home(std::string_view text);
/// Engines beside our own program (build tree) or in the prefix's library folder (installed).
std::filesystem::path default_engines_folder();

}  // namespace config
