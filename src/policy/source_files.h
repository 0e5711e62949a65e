#pragma once
// SourceFiles: the text of a policy, read from its folder or file. Blocking; small files.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace policy {

struct SourceFile {
  std::string name;  // bare, with ".lua"
  std::string text;
  bool operator==(const SourceFile&) const = default;
};

/// In the order of their names.
using SourceFiles = std::vector<SourceFile>;

constexpr std::size_t kMaxFiles = 64;
constexpr std::size_t kMaxFileBytes = 256UL * 1024;

/// Reads `path`, a .lua file or a folder with some, tests among them; hidden files are left out.
/// Errors: kNotFound for a missing path or a folder without policies; kRejected for a file or folder that somebody
/// else may write, with the command that mends it; kInvalid for names and sizes that are not accepted.
base::Result<SourceFiles> read_sources(const std::filesystem::path& path);

/// What no editor means to save: an empty file, which would take all of its rules away, and one that is not UTF-8.
/// Errors: kInvalid, a line "file:line: text" for each.
base::Status check_texts(const SourceFiles& files);

/// Whether a file of this name is part of a policy or of its tests.
bool is_policy_file(std::string_view name);
/// night_test.lua: it belongs to the policy, but decides nothing.
bool is_test_file(std::string_view name);
bool has_tests(const SourceFiles& files);

}  // namespace policy
