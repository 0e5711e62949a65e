// policy stubs: what an editor needs to complete and check policies, written beside them.

#include <array>
#include <cstdio>

#include <boost/json.hpp>

#include "base/files.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "policy/names/stubs.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr mode_t kMode = 0644;
constexpr base::Bytes kLargest = base::kMiB;

struct File {
  std::filesystem::path path;
  std::string text;
  std::string state = {};  // "written", "unchanged"
};

/// Where the policy is, when no folder is named.
std::filesystem::path folder_of(const config::Invocation& invocation, const config::Loaded& loaded) {
  if (!invocation.stubs_folder.empty()) return invocation.stubs_folder;
  const auto& policy = loaded.settings.policy;
  std::error_code unknown;
  const bool folder = policy.empty() || std::filesystem::is_directory(policy, unknown);
  if (folder || policy.has_parent_path()) return folder ? policy : policy.parent_path();
  return ".";
}

/// Errors: kConflict for a file that somebody else wrote.
base::Status compare(File& file) {
  const auto there = base::read_file(file.path, kLargest);
  if (!there && there.error().code == base::Code::kNotFound) return {};
  if (there && *there == file.text) file.state = "unchanged";
  if (there && policy::names::is_generated(*there)) return {};
  if (!there && there.error().code != base::Code::kExhausted) return there.error();
  return base::Error{base::Code::kConflict,
                     base::log::printable(file.path.string()) +
                         " was not written by this command, so it stays; move it away, or name another folder: "
                         "studio-worker policy stubs DIR"};
}

base::Status write(std::array<File, 2>& files) {
  for (File& file : files) CHECK_OK(compare(file));
  for (File& file : files) {
    if (!file.state.empty()) continue;
    CHECK_OK(base::write_file_atomically(file.path, file.text, kMode));
    file.state = "written";
  }
  return {};
}

}  // namespace

Outcome write_policy_stubs(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto folder = folder_of(invocation, loaded);
  if (folder.empty()) return fail(config::kExitUsage, std::string(kNoPolicy) + ", or name the folder to write to");
  std::error_code unknown;
  if (!std::filesystem::is_directory(folder, unknown)) {
    return fail(config::kExitFailed, "there is no folder " + base::log::printable(folder.string()) +
                                         "; make it, or name another: studio-worker policy stubs DIR");
  }
  std::array<File, 2> files = {File{folder / policy::names::kTypesFile, policy::names::editor_types()},
                               File{folder / policy::names::kSettingsFile, policy::names::editor_settings()}};
  if (const auto written = write(files); !written) return fail(config::kExitFailed, written.error().message);
  json::array list;
  std::vector<std::vector<std::string>> rows;
  for (const File& file : files) {
    list.push_back(json::object{{"file", file.path.string()}, {"state", file.state}});
    rows.push_back({file.state, base::log::printable(file.path.string())});
  }
  if (invocation.json) {
    std::printf("%s\n", json::serialize(json::object{{"files", std::move(list)}}).c_str());
  } else {
    std::printf("%sopen the folder in an editor with a Lua language server: it completes and checks from now on\n",
                columns(rows, "").c_str());
  }
  return config::kExitOk;
}

}  // namespace cli
