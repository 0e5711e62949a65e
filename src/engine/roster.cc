#include "engine/roster.h"

#include <algorithm>
#include <array>
#include <set>

namespace engine {
namespace {

/// The order in which a worker advertises them; others follow by name.
constexpr std::array<std::string_view, 7> kEngineOrder = {"sd-cpp",      "llama-cpp", "onnx",     "parakeet",
                                                          "onnx-vision", "torch",     "synthetic"};

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

auto rank(const std::string& engine) {
  return std::find(kEngineOrder.begin(), kEngineOrder.end(), engine) - kEngineOrder.begin();
}

void append_part(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

}  // namespace

Roster roster_of(const std::vector<Manifest>& manifests) {
  Roster roster;
  for (const job::Kind kind : job::kAllKinds) {
    std::set<std::string> models;
    bool served = false;
    for (const Manifest& manifest : manifests) {
      const auto found = manifest.models.find(kind);
      if (found == manifest.models.end()) continue;
      served = true;
      models.insert(found->second.begin(), found->second.end());
    }
    if (served) roster.models.emplace_back(kind, std::vector<std::string>(models.begin(), models.end()));
  }
  std::set<std::string> engines;
  for (const Manifest& manifest : manifests) engines.insert(manifest.serves.begin(), manifest.serves.end());
  roster.model_engines.assign(engines.begin(), engines.end());
  std::stable_sort(roster.model_engines.begin(), roster.model_engines.end(),
                   [](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return roster;
}

std::optional<std::size_t> find_manifest(const std::vector<Manifest>& manifests, std::string_view engine,
                                         job::Kind kind) {
  for (std::size_t i = 0; i < manifests.size(); ++i) {
    if (contains(manifests[i].serves, engine) && manifests[i].models.contains(kind)) return i;
  }
  return std::nullopt;
}

std::optional<std::string> why_not(const std::vector<Manifest>& manifests, std::string_view engine, job::Kind kind) {
  if (find_manifest(manifests, engine, kind)) return std::nullopt;
  const bool known = std::any_of(manifests.begin(), manifests.end(),
                                 [&](const Manifest& manifest) { return contains(manifest.serves, engine); });
  if (!known) return "no `" + std::string(engine) + "` engine in this worker (model needs it)";
  return std::string(engine) + " engine cannot serve " + std::string(to_string(kind)) + " tasks";
}

std::string instance_key(const Manifest& manifest, const RunRequest& request) {
  std::string key;
  for (const std::string& part : manifest.instance_key) {
    append_part(key, part);
    if (part == "model") append_part(key, request.model.str());
    if (part == "defaults") append_part(key, request.defaults);
    if (part != "files") continue;
    for (const RunFile& file : request.files) {
      append_part(key, file.role);
      append_part(key, file.path.native());
    }
  }
  return key;
}

}  // namespace engine
