#include <cmath>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/save.h"
#include "studio/urls.h"

namespace cli {
namespace {

Outcome saved(const base::Status& status, const std::string& done, bool as_json) {
  if (!status) return fail(status.error());
  say(done, as_json);
  return config::kExitOk;
}

}  // namespace

Outcome register_worker(const config::Invocation& invocation, const config::Loaded& loaded) {
  std::vector<config::Change> changes;
  std::string done;
  if (invocation.overrides.api_base_url) {
    const auto urls = studio::Urls::parse(*invocation.overrides.api_base_url);
    if (!urls) return fail(config::kExitUsage, urls.error().message);
    changes.emplace_back("api_base_url", config::toml_string(*invocation.overrides.api_base_url));
    done = "saved: this worker registers at " + urls->base() + " when it runs";
  }
  if (invocation.reset) {
    for (const char* key :
         {"worker_id", "auth_token", "registration_request_id", "registration_secret", "install_id"}) {
      changes.emplace_back(key, std::nullopt);
    }
    done += (done.empty() ? "" : "\n") + std::string(
                                             "cleared: this worker's identity; the next run registers anew (a worker "
                                             "that runs keeps the old one until it ends)");
  }
  if (changes.empty()) {
    done = "nothing to save: `run` registers by itself at " + loaded.settings.api_base_url +
           "\nNext: studio-worker run, or studio-worker register --api-base-url URL";
    say(done, invocation.json);
    return config::kExitOk;
  }
  return saved(config::save(loaded.settings, changes), done, invocation.json);
}

Outcome set_threshold(const config::Invocation& invocation, const config::Loaded& loaded) {
  const double threshold = *invocation.threshold;
  if (!(threshold >= 0)) return fail(config::kExitFailed, "threshold must be >= 0");
  if (threshold > 100000) return fail(config::kExitFailed, "threshold must be <= 100000 GiB");
  const std::string text = config::toml_number(threshold);
  return saved(config::save(loaded.settings, {{"vram_threshold_gb", text}}), "vram_threshold_gb = " + text,
               invocation.json);
}

Outcome set_enabled(const config::Invocation& invocation, const config::Loaded& loaded) {
  const bool enabled = invocation.command == config::Command::kEnable;
  return saved(config::save(loaded.settings, {{"auto_enabled", enabled ? "true" : "false"}}),
               enabled ? "enabled: jobs are claimed from the next start on (now: studio-worker resume)"
                       : "disabled: no jobs are claimed from the next start on (now: studio-worker pause)",
               invocation.json);
}

}  // namespace cli
