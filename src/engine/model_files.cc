#include "engine/model_files.h"

#include <cctype>
#include <system_error>

namespace engine {

std::string sanitised_model_id(std::string_view id) {
  std::string name;
  for (const char c : id) {
    const bool kept = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    name += kept ? c : '_';
  }
  if (name.empty()) return "_";
  if (name.front() == '.') name.front() = '_';
  return name;
}

ModelFiles find_model_files(const std::filesystem::path& models_root, const job::Offer& offer, bool read) {
  ModelFiles found;
  for (const job::ModelFile& file : offer.source.files) {
    if (!read) {
      found.files.push_back({file.role, {}});
      continue;
    }
    auto path = models_root / sanitised_model_id(offer.model.str()) / file.filename;
    std::error_code failure;
    if (std::filesystem::is_regular_file(path, failure)) {
      found.files.push_back({file.role, std::move(path)});
      continue;
    }
    found.missing.push_back(file.filename);
    if (found.missing_size && file.approx_bytes)
      *found.missing_size += *file.approx_bytes;
    else
      found.missing_size.reset();
  }
  return found;
}

}  // namespace engine
