#include "policy/generations/store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <boost/json.hpp>

#include "base/files.h"
#include "base/hash/xxh128.h"
#include "policy/json_text.h"

namespace policy::generations {
namespace {

namespace json = boost::json;

constexpr std::string_view kManifest = "manifest.json";
constexpr std::string_view kMark = "in-force.json";
constexpr std::string_view kUnfinished = ".new";
constexpr base::Bytes kLargestDocument = 64 * base::kKiB;

base::Result<json::object> read_document(const std::filesystem::path& path) {
  TRY(const auto text, base::read_file(path, kLargestDocument));
  boost::system::error_code failure;
  json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) return base::Error{base::Code::kCorrupt, path.string() + " is damaged"};
  return std::move(value.as_object());
}

std::uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  boost::system::error_code failure;
  const auto number = value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(failure) : 0;
  return failure ? 0 : number;
}

/// The number that a generation's folder is named after; nothing for other entries.
std::optional<std::uint64_t> number_in(const std::string& name) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc() || end != name.data() + name.size() || number == 0) return std::nullopt;
  return number;
}

std::vector<std::uint64_t> numbers_in(const std::filesystem::path& folder) {
  std::vector<std::uint64_t> numbers;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    if (const auto number = number_in(entry->path().filename().string())) numbers.push_back(*number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  return numbers;
}

}  // namespace

std::filesystem::path folder_in(const std::filesystem::path& data) {
  return data.empty() ? data : data / "generations";
}

std::string fingerprint(const SourceFiles& files) {
  // With the lengths in front, no two policies have the same bytes.
  std::string content;
  for (const SourceFile& file : files) {
    for (const std::string& part : {file.name, file.text}) content += std::to_string(part.size()) + ":" + part;
  }
  return base::xxh128_hex(content);
}

std::string source_of(const std::filesystem::path& path) {
  std::error_code failure;
  const auto whole = std::filesystem::absolute(path, failure);
  return (failure ? path : whole).lexically_normal().string();
}

bool is_of(const Generation& generation, std::string_view source) {
  return generation.source.empty() || generation.source == source;
}

base::Status Store::keep(const Kept& kept, const Mark& in_force) const {
  CHECK_OK(base::make_private_folder(folder_));
  const auto unfinished = folder_ / kUnfinished;
  const auto finished = folder_ / std::to_string(kept.about.number);
  std::error_code failure;
  std::filesystem::remove_all(unfinished, failure);
  CHECK_OK(base::make_private_folder(unfinished));
  for (const SourceFile& file : kept.files) CHECK_OK(base::write_file_atomically(unfinished / file.name, file.text));
  const json::object manifest{{"generation", kept.about.number},
                              {"hash", kept.about.hash},
                              {"at", kept.about.at},
                              {"reason", kept.about.reason},
                              {"source", kept.about.source},
                              {"files", json::array(kept.about.files.begin(), kept.about.files.end())}};
  CHECK_OK(base::write_file_atomically(unfinished / kManifest, json::serialize(manifest) + "\n"));
  std::filesystem::remove_all(finished, failure);
  std::filesystem::rename(unfinished, finished, failure);
  if (failure) return base::file_error("rename to", finished, failure.value());
  // Syncs the folder, and the rename with it.
  CHECK_OK(mark(in_force));
  drop_oldest(in_force.number);
  return {};
}

base::Status Store::mark(const Mark& in_force) const {
  CHECK_OK(base::make_private_folder(folder_));
  const json::object document{{"generation", in_force.number},
                              {"newest", in_force.newest},
                              {"reason", in_force.reason},
                              {"turned_away", in_force.turned_away},
                              {"source", in_force.source}};
  return base::write_file_atomically(folder_ / kMark, json::serialize(document) + "\n");
}

void Store::drop_oldest(std::uint64_t in_force) const {
  const auto numbers = numbers_in(folder_);
  for (std::size_t i = kKept; i < numbers.size(); ++i) {
    std::error_code ignored;  // tried again with the next generation
    if (numbers[i] != in_force) std::filesystem::remove_all(folder_ / std::to_string(numbers[i]), ignored);
  }
}

std::vector<Generation> Store::list(std::vector<std::string>& warnings) const {
  std::vector<Generation> generations;
  for (const auto number : numbers_in(folder_)) {
    auto found = manifest(number);
    if (found)
      generations.push_back(std::move(*found));
    else
      warnings.push_back("generation " + std::to_string(number) + " is left out: " + found.error().message);
  }
  return generations;
}

base::Result<Generation> Store::manifest(std::uint64_t number) const {
  const auto path = folder_ / std::to_string(number) / kManifest;
  TRY(const auto document, read_document(path));
  Generation found{.number = number_of(document, "generation"),
                   .hash = text_of(document, "hash"),
                   .at = text_of(document, "at"),
                   .reason = text_of(document, "reason"),
                   .files = {},
                   .source = text_of(document, "source")};
  if (const json::value* files = document.if_contains("files"); files != nullptr && files->is_array()) {
    for (const json::value& name : files->as_array()) {
      if (name.is_string()) found.files.emplace_back(name.as_string());
    }
  }
  if (found.number != number) return base::Error{base::Code::kCorrupt, path.string() + " is damaged"};
  return found;
}

base::Result<Kept> Store::read(std::uint64_t number) const {
  const auto folder = folder_ / std::to_string(number);
  std::error_code failure;
  if (!std::filesystem::is_directory(folder, failure)) {
    return base::Error{base::Code::kNotFound, "generation " + std::to_string(number) +
                                                  " is not kept; studio-worker policy history lists those that are"};
  }
  TRY(auto about, manifest(number));
  TRY(auto files, read_sources(folder));
  if (fingerprint(files) != about.hash) {
    return base::Error{base::Code::kCorrupt, "generation " + std::to_string(number) + " is damaged: its files in " +
                                                 folder.string() + " are not those that were kept"};
  }
  return Kept{std::move(about), std::move(files)};
}

base::Result<Kept> Store::choose(std::optional<std::uint64_t> number, const Mark& in_force) const {
  if (!number) {
    std::vector<std::string> ignored;
    for (const Generation& one : list(ignored)) {
      if (one.number < in_force.number && is_of(one, in_force.source)) return read(one.number);
    }
    return base::Error{base::Code::kNotFound, "no generation of " + in_force.source + " older than " +
                                                  std::to_string(in_force.number) + " is kept"};
  }
  TRY(auto kept, read(*number));
  if (is_of(kept.about, in_force.source)) return kept;
  return base::Error{base::Code::kConflict,
                     "generation " + std::to_string(*number) + " is of another policy: it came from " +
                         kept.about.source + ", and the policy here is " + in_force.source +
                         "; to have it back, run the worker with --policy " + kept.about.source +
                         ", or copy its files from " + (folder_ / std::to_string(*number)).string()};
}

std::optional<Mark> Store::in_force() const {
  const auto document = read_document(folder_ / kMark);
  if (!document) return std::nullopt;
  return Mark{.number = number_of(*document, "generation"),
              .newest = number_of(*document, "newest"),
              .reason = text_of(*document, "reason"),
              .turned_away = text_of(*document, "turned_away"),
              .source = text_of(*document, "source")};
}

}  // namespace policy::generations
