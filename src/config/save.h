#pragma once
// Edits single keys of config.toml in place: every other line and comment stays as the operator wrote it. Blocking.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace config {

/// A key and its new value as TOML text (`toml_string`, `toml_number`, "true"); nothing removes the key.
using Change = std::pair<std::string, std::optional<std::string>>;

/// A TOML basic string.
std::string toml_string(std::string_view text);
/// Always with a decimal point, so that it stays a float.
std::string toml_number(double value);

/// Atomic, mode 0600; a missing file is created with the required keys of `settings`.
/// Errors: kInvalid when the file is no valid TOML (it is left alone), kExhausted, kUnavailable.
base::Status save(const Settings& settings, const std::vector<Change>& changes);

/// The text of the file with the changes made. Pure; for `save` and tests.
std::string edited(std::string text, const std::vector<Change>& changes);

}  // namespace config
