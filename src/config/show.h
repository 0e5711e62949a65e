#pragma once
// `config show`: every value with its origin. Secrets are redacted unless asked for.

#include <string>

#include "config/settings.h"

namespace config {

std::string show_text(const Settings& settings, bool show_secrets);
/// {"file", "values": {key: {"value", "origin"}}}
std::string show_json(const Settings& settings, bool show_secrets);

}  // namespace config
