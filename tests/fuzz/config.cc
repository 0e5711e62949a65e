// The text of config.toml: to settings and back through `config show` and an edit, or to an error at its place.

#include <algorithm>

#include <boost/json.hpp>

#include "base/files.h"
#include "config/load.h"
#include "config/save.h"
#include "config/show.h"
#include "fuzz/fuzz.h"
#include "fuzz/toml_error.h"

namespace {

/// Stands for a secret in the seeds.
constexpr std::string_view kToken = "hushhushhush";

config::Overrides in(const std::filesystem::path& folder) {
  config::Overrides overrides;
  overrides.config_file = folder / "config.toml";
  overrides.state_folder = folder / "state";
  overrides.runtime_folder = folder / "run";
  return overrides;
}

void check_shown(const config::Settings& settings) {
  boost::json::error_code failure;
  boost::json::parse(config::show_json(settings, true), failure);
  STUDIO_ASSERT(!failure);
  if (settings.auth_token.reveal().find(kToken) == std::string::npos) return;
  STUDIO_ASSERT(config::show_json(settings, true).find(kToken) != std::string::npos);
  auto others = settings;
  others.auth_token = base::Secret("hidden");
  // The same text may stand in a key that is no secret.
  if (config::show_text(others, true).find(kToken) != std::string::npos) return;
  STUDIO_ASSERT(config::show_text(settings, false).find(kToken) == std::string::npos);
  STUDIO_ASSERT(config::show_json(settings, false).find(kToken) == std::string::npos);
}

/// One key changes, every other value stays; or the file is left alone.
void check_edit(const config::Overrides& overrides, const config::Settings& before, std::string_view text) {
  const auto saved = config::save(before, {{"vram_threshold_gb", config::toml_number(3.5)}});
  if (!saved) {
    STUDIO_ASSERT(saved.error().code == base::Code::kInvalid);
    fuzz::require_same("a file that could not be edited", *base::read_file(overrides.config_file), text);
    return;
  }
  const auto after = config::load(overrides);
  STUDIO_ASSERT(after.has_value() && after->settings.vram_threshold_gb == 3.5);
  auto expected = before;
  expected.vram_threshold_gb = 3.5;
  expected.origins = after->settings.origins;  // lines may have moved
  fuzz::require_same("the settings after an edit", config::show_json(after->settings, true),
                     config::show_json(expected, true));
}

}  // namespace

void fuzz::run(std::string_view input) {
  static const auto kFolder = base::TempDir::create("fuzz-config");
  const auto overrides = in(kFolder->path());
  STUDIO_ASSERT(base::write_file(overrides.config_file, input).has_value());
  const auto loaded = config::load(overrides);
  if (!loaded) {
    STUDIO_ASSERT(loaded.error().code == base::Code::kInvalid);
    STUDIO_ASSERT(loaded.error().message.find(kToken) == std::string::npos);
    require_placed(loaded.error().message, "config.toml", input);
    return;
  }
  for (const std::string& warning : loaded->warnings) require_placed(warning, "config.toml", input);
  check_shown(loaded->settings);
  check_edit(overrides, loaded->settings, input);
}
