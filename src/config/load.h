#pragma once
// Reads config.toml and lays the command line over it. Blocking; before the io thread starts.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "engine/engine_pool.h"

namespace config {

struct Loaded {
  Settings settings;
  std::vector<std::string> warnings;  // "config.toml:7:1: unknown key ..."
  /// A configuration of the public worker, when we have none of our own.
  std::optional<std::filesystem::path> public_worker_config;
  /// Set when the file could not be read: then only what `locate` knows is here.
  std::optional<base::Error> unreadable;
};

/// The configuration file and the folders, with the defaults of everything else: what it takes to reach the running
/// worker when the file cannot be read. Errors: kInvalid when no home folder is known.
base::Result<Settings> locate(const Overrides& overrides);

/// A missing file gives the defaults. Errors: kInvalid with file, line and column (never the text of the line),
/// or that no home folder is known; kUnavailable when the file cannot be read.
base::Result<Loaded> load(const Overrides& overrides);

struct Engines {
  std::vector<engine::Manifest> manifests;
  std::vector<std::string> warnings;  // a bad manifest is left out, the others count
};

/// engine.toml of every sub-folder of the folders, and of the folders themselves; by name.
Engines load_engines(const std::vector<std::filesystem::path>& folders);

}  // namespace config
