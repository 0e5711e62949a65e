#include <algorithm>
#include <set>

#include "base/log.h"
#include "config/load.h"
#include "config/toml_file.h"

namespace config {
namespace {

constexpr std::int64_t kProtocol = 1;
constexpr std::int64_t kDay = 86400;

using Seconds = std::chrono::seconds;

/// One engine.toml while it is read: remembers which keys were used, so that the rest can be named.
class ManifestReader {
 public:
  ManifestReader(std::string name, const TomlTable& table) : name_(std::move(name)), table_(table) {}

  base::Result<engine::Manifest> read(const std::filesystem::path& folder) {
    engine::Manifest manifest;
    manifest.folder = folder;
    CHECK_OK(read_identity(manifest));
    CHECK_OK(read_models(manifest));
    CHECK_OK(read_options(manifest));
    CHECK_OK(read_limits(manifest));
    for (const auto& [key, value] : table_) {
      if (used_.contains(key)) continue;
      std::vector<std::string_view> names(used_.begin(), used_.end());
      const std::string guess = nearest(key, names);
      return at(name_, value,
                "unknown key \"" + base::log::printable(key, 60) + "\"" +
                    (guess.empty() ? std::string() : "; did you mean \"" + guess + "\"?"));
    }
    return manifest;
  }

 private:
  const TomlValue* find(const std::string& key) {
    used_.insert(key);
    const auto found = table_.find(key);
    return found == table_.end() ? nullptr : &found->second;
  }

  base::Result<const TomlValue*> required(const std::string& key) {
    if (const TomlValue* value = find(key)) return value;
    return base::Error{base::Code::kInvalid, name_ + ": the key \"" + key + "\" is missing"};
  }

  base::Status read_identity(engine::Manifest& manifest) {
    TRY(const TomlValue* name, required("name"));
    TRY(manifest.name, as_text(name_, "name", *name));
    TRY(const TomlValue* command, required("command"));
    TRY(manifest.command, as_texts(name_, "command", *command));
    if (manifest.command.empty() || manifest.command.front().empty()) {
      return at(name_, *command, "\"command\" must name a program");
    }
    const std::string& program = manifest.command.front();
    if (program.find('/') != std::string::npos && program.front() != '/') {
      return at(
          name_, *command,
          "\"command\" must name its program by an absolute path, or without a slash when it is in this folder or "
          "in PATH");
    }
    TRY(const TomlValue* protocol, required("protocol"));
    TRY(const auto version, as_integer(name_, "protocol", *protocol, 1, 1000));
    if (version != kProtocol) {
      return at(name_, *protocol,
                "the engine speaks protocol " + std::to_string(version) + ", this worker speaks " +
                    std::to_string(kProtocol));
    }
    TRY(const TomlValue* serves, required("serves"));
    TRY(manifest.serves, as_texts(name_, "serves", *serves));
    return {};
  }

  base::Status read_models(engine::Manifest& manifest) {
    TRY(const TomlValue* kinds, required("kinds"));
    TRY(const auto names, as_texts(name_, "kinds", *kinds));
    for (const auto& text : names) {
      const auto kind = job::parse_kind(text);
      if (!kind)
        return at(name_, *kinds,
                  "\"" + base::log::printable(text, 60) +
                      "\" is no kind; kinds are image llm audio_stt audio_tts video mesh");
      manifest.models[*kind];
    }
    const TomlValue* models = find("models");
    if (models == nullptr) return {};
    if (models->table() == nullptr) return at(name_, *models, "\"models\" must be a table");
    for (const auto& [text, list] : *models->table()) {
      const auto kind = job::parse_kind(text);
      if (!kind || !manifest.models.contains(*kind)) {
        return at(name_, list,
                  "\"models." + base::log::printable(text, 60) + "\" names a kind that is not in \"kinds\"");
      }
      TRY(manifest.models[*kind], as_texts(name_, text, list));
    }
    return {};
  }

  base::Status read_options(engine::Manifest& manifest) {
    if (const TomlValue* key = find("instance_key")) {
      TRY(manifest.instance_key, as_texts(name_, "instance_key", *key));
      for (const auto& part : manifest.instance_key) {
        if (part == "model" || part == "files" || part == "defaults") continue;
        return at(name_, *key, "\"instance_key\" may hold model, files and defaults");
      }
    }
    if (const TomlValue* inputs = find("inputs")) {
      TRY(manifest.inputs, as_texts(name_, "inputs", *inputs));
    }
    if (const TomlValue* fetch = find("fetch_files")) {
      TRY(manifest.fetch_files, as_flag(name_, "fetch_files", *fetch));
    }
    if (const TomlValue* gpu = find("needs_gpu")) {
      TRY(manifest.needs_gpu, as_flag(name_, "needs_gpu", *gpu));
    }
    if (const TomlValue* idle = find("idle_seconds")) {
      TRY(const auto seconds, as_integer(name_, "idle_seconds", *idle, 0, 30 * kDay));
      manifest.idle = Seconds(seconds);
    }
    return {};
  }

  base::Status read_limits(engine::Manifest& manifest) {
    CHECK_OK(read_section("deadlines", kDay * 30,
                          {{"queue_seconds", [&](auto n) { manifest.deadlines.queue = Seconds(n); }},
                           {"load_seconds", [&](auto n) { manifest.deadlines.load = Seconds(n); }},
                           {"no_progress_seconds", [&](auto n) { manifest.deadlines.no_progress = Seconds(n); }},
                           {"total_seconds", [&](auto n) { manifest.deadlines.total = Seconds(n); }}}));
    using Milliseconds = std::chrono::milliseconds;
    return read_section("stop", 60000,
                        {{"term_ms", [&](auto n) { manifest.term_again = Milliseconds(n); }},
                         {"kill_ms", [&](auto n) { manifest.kill_after = Milliseconds(n); }}});
  }

  using Setters = std::vector<std::pair<std::string, std::function<void(std::int64_t)>>>;

  base::Status read_section(const std::string& section, std::int64_t high, const Setters& setters) {
    const TomlValue* value = find(section);
    if (value == nullptr) return {};
    if (value->table() == nullptr) return at(name_, *value, "\"" + section + "\" must be a table");
    for (const auto& entry : *value->table()) {
      const auto& [key, item] = entry;
      const auto setter =
          std::find_if(setters.begin(), setters.end(), [&](const auto& one) { return one.first == entry.first; });
      if (setter == setters.end())
        return at(name_, item, "unknown key \"" + section + "." + base::log::printable(key, 60) + "\"");
      TRY(const auto number, as_integer(name_, section + "." + key, item, 1, high));
      setter->second(number);
    }
    return {};
  }

  std::string name_;
  const TomlTable& table_;
  std::set<std::string> used_;
};

void read_manifest(const std::filesystem::path& folder, Engines& engines) {
  const auto path = folder / "engine.toml";
  const std::string name = (folder.filename() / "engine.toml").string();
  const auto table = read_toml(path, name);
  if (!table) {
    engines.warnings.push_back(table.error().message);
    return;
  }
  auto manifest = ManifestReader(name, *table).read(folder);
  if (!manifest) {
    engines.warnings.push_back(manifest.error().message);
    return;
  }
  const bool twice = std::any_of(engines.manifests.begin(), engines.manifests.end(),
                                 [&](const auto& other) { return other.name == manifest->name; });
  if (twice) {
    engines.warnings.push_back(path.string() + ": an engine named \"" + base::log::printable(manifest->name, 60) +
                               "\" exists already");
    return;
  }
  engines.manifests.push_back(std::move(*manifest));
}

}  // namespace

Engines load_engines(const std::vector<std::filesystem::path>& folders) {
  Engines engines;
  for (const auto& folder : folders) {
    std::error_code failure;
    std::set<std::filesystem::path> found;
    if (std::filesystem::exists(folder / "engine.toml", failure)) found.insert(folder);
    for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      if (std::filesystem::exists(entry->path() / "engine.toml", failure)) found.insert(entry->path());
    }
    if (failure && found.empty()) {
      engines.warnings.push_back("no engines in " + folder.string() + ": " + failure.message());
    }
    for (const auto& path : found) read_manifest(path, engines);
  }
  return engines;
}

}  // namespace config
