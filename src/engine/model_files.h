#pragma once
// The files of a model on this machine. Blocking: looks at the disk.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "engine/engine_pool.h"
#include "job/offer.h"

namespace engine {

struct ModelFiles {
  std::vector<RunFile> files;                  // those that are here, in the offer's order
  std::vector<std::string> missing;            // names of the others
  std::optional<base::Bytes> missing_size{0};  // theirs together; nothing where the studio did not tell one
};

/// Looks for <models_root>/<sanitised model id>/<filename>, where the public worker keeps them; a file that is there is
/// taken as it is. For an engine that does not read them (`Manifest::fetch_files`) nothing is looked for.
ModelFiles find_model_files(const std::filesystem::path& models_root, const job::Offer& offer, bool read);

/// A model id as a folder name: letters, digits, dot, underscore and hyphen stay, the rest becomes an underscore.
std::string sanitised_model_id(std::string_view id);

}  // namespace engine
