// The text of an engine.toml: a manifest within its limits, or one warning at its place.

#include "base/files.h"
#include "config/load.h"
#include "fuzz/fuzz.h"
#include "fuzz/toml_error.h"

namespace {

using namespace std::chrono_literals;

void check(const engine::Manifest& manifest) {
  STUDIO_ASSERT(!manifest.command.empty() && !manifest.command.front().empty());
  const engine::Deadlines& deadlines = manifest.deadlines;
  for (const auto limit : {deadlines.queue, deadlines.load, deadlines.no_progress, deadlines.total}) {
    STUDIO_ASSERT(limit > 0s && limit <= 24h * 30);
  }
  STUDIO_ASSERT(manifest.idle >= 0s && manifest.term_again > 0s && manifest.kill_after > 0s);
  for (const std::string& part : manifest.instance_key) {
    STUDIO_ASSERT(part == "model" || part == "files" || part == "defaults");
  }
}

}  // namespace

void fuzz::run(std::string_view input) {
  static const auto kFolder = base::TempDir::create("fuzz-manifest");
  const auto folder = kFolder->path() / "fake";
  STUDIO_ASSERT(base::make_private_folder(folder).has_value());
  STUDIO_ASSERT(base::write_file(folder / "engine.toml", input).has_value());
  const auto engines = config::load_engines({kFolder->path()});
  STUDIO_ASSERT(engines.manifests.size() + engines.warnings.size() == 1);
  for (const std::string& warning : engines.warnings) require_placed(warning, "fake/engine.toml", input);
  for (const engine::Manifest& manifest : engines.manifests) check(manifest);
}
