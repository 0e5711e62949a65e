#pragma once
// Which engine program serves what: the answers that need no process. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine_pool.h"

namespace engine {

Roster roster_of(const std::vector<Manifest>& manifests);

/// The first manifest that serves the engine and the kind. Nothing: `why_not` says why.
std::optional<std::size_t> find_manifest(const std::vector<Manifest>& manifests, std::string_view engine,
                                         job::Kind kind);
std::optional<std::string> why_not(const std::vector<Manifest>& manifests, std::string_view engine, job::Kind kind);

/// What makes an instance of this manifest distinct; equal texts share one process.
std::string instance_key(const Manifest& manifest, const RunRequest& request);

}  // namespace engine
