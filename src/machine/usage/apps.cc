#include "machine/usage/apps.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <memory>
#include <optional>
#include <system_error>
#include <unistd.h>

#include "base/files.h"

namespace machine {
namespace {

constexpr std::size_t kLongestStat = 4096;
constexpr int kMostAncestors = 64;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::optional<pid_t> parse_pid(std::string_view text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

/// The fields of /proc/PID/stat behind the name, which may hold anything: proc(5).
std::vector<std::string_view> stat_fields(std::string_view stat) {
  std::vector<std::string_view> fields;
  const auto end_of_name = stat.rfind(')');
  if (end_of_name == std::string_view::npos) return fields;
  std::string_view rest = stat.substr(end_of_name + 1);
  while (!rest.empty()) {
    const auto start = rest.find_first_not_of(" \n");
    if (start == std::string_view::npos) break;
    rest.remove_prefix(start);
    const auto end = std::min(rest.find_first_of(" \n"), rest.size());
    fields.push_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return fields;
}

constexpr std::size_t kParentField = 1;  // field 4 of proc(5)
constexpr std::size_t kStartField = 19;  // field 22: when it started, in clock ticks
constexpr base::Bytes kLongestArguments = 8 * base::kMiB;

void add_name(std::vector<std::string>& names, std::string_view path) {
  const auto name = program_name(path);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  names.emplace_back(name);
}

}  // namespace

std::string_view program_name(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::vector<std::string> names_of_process(const std::filesystem::path& proc, pid_t pid) {
  const auto folder = proc / std::to_string(pid);
  std::vector<std::string> names;
  std::error_code denied;
  const auto link = std::filesystem::read_symlink(folder / "exe", denied);
  std::string program = denied ? std::string() : link.string();
  constexpr std::string_view kGone = " (deleted)";
  if (program.ends_with(kGone)) program.resize(program.size() - kGone.size());
  add_name(names, program);
  const auto arguments = base::read_file(folder / "cmdline", kLongestArguments);
  if (arguments) add_name(names, std::string_view(*arguments).substr(0, arguments->find('\0')));
  return names;
}

bool is_ours(const std::filesystem::path& proc, pid_t pid) {
  const pid_t self = ::getpid();
  for (int up = 0; up < kMostAncestors && pid > 0; ++up) {
    if (pid == self) return true;
    const auto stat = base::read_file(proc / std::to_string(pid) / "stat", kLongestStat);
    if (!stat) return false;
    const auto fields = stat_fields(*stat);
    if (fields.size() <= kParentField) return false;
    pid = parse_pid(fields[kParentField]).value_or(0);
  }
  return false;
}

base::Result<std::vector<std::string>> AppList::read() {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(proc_.c_str()));
  if (!folder) return base::file_error("list", proc_, errno);
  for (auto& [pid, process] : known_) process.seen = false;
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto pid = parse_pid(entry->d_name);
    if (!pid) continue;
    const auto stat = base::read_file(proc_ / entry->d_name / "stat", kLongestStat);
    if (!stat) continue;
    const auto fields = stat_fields(*stat);
    if (fields.size() <= kStartField) continue;
    // A process may become another program without a new number: its name changes with that.
    std::string stamp = stat->substr(0, stat->rfind(')')) + " " + std::string(fields[kStartField]);
    Known& known = known_[*pid];
    known.seen = true;
    if (known.stamp == stamp) continue;
    known.stamp = std::move(stamp);
    known.names.clear();
    if (!is_ours(proc_, *pid)) known.names = names_of_process(proc_, *pid);
  }
  std::erase_if(known_, [](const auto& entry) { return !entry.second.seen; });
  std::vector<std::string> names;
  for (const auto& [pid, process] : known_) names.insert(names.end(), process.names.begin(), process.names.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace machine
