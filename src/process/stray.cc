#include "process/stray.h"

#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/unique_fd.h"

namespace process {
namespace {

constexpr std::size_t kMaxContent = 256 * base::kKiB;
// A stray may fork while we walk; each round finds what the round before missed.
constexpr int kRounds = 5;

std::optional<pid_t> parse_pid(std::string_view name) {
  pid_t pid = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (failure != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

std::string content_of(int folder, const std::string& path) {
  const base::UniqueFd file(::openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file) return text;
  while (text.size() < kMaxContent) {
    const std::size_t before = text.size();
    text.resize(before + 4096);
    const ssize_t got = ::read(file.get(), text.data() + before, 4096);
    text.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got <= 0) break;
  }
  return text;
}

struct Stat {
  pid_t group = 0;
  std::uint64_t started_at = 0;
  std::uint64_t memory = 0;  // bytes of address space; a zombie and a kernel thread have none
};

/// /proc/<pid>/stat: the program's name may hold anything, so the fields are counted from its last parenthesis.
std::optional<Stat> parse_stat(const std::string& text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  Stat stat;
  fields >> skipped >> skipped >> stat.group;
  constexpr int kFieldsBetweenGroupAndStart = 16;
  for (int i = 0; i < kFieldsBetweenGroupAndStart; ++i) fields >> skipped;
  fields >> stat.started_at >> stat.memory;
  if (!fields) return std::nullopt;
  return stat;
}

/// Whole entries only: one mark may be the beginning of another.
bool holds(std::string_view environment, std::string_view mark) {
  while (!environment.empty()) {
    const auto end = environment.find('\0');
    if (environment.substr(0, end) == mark) return true;
    if (end == std::string_view::npos) return false;
    environment.remove_prefix(end + 1);
  }
  return false;
}

enum class Kinship { kNone, kStray, kUnclear };

/// The environment is read last and only where the rest fits: reading it can wait for a lock of that process.
Kinship kinship_of(int proc, const char* pid, const Origin& origin) {
  struct stat owner {};
  if (::fstatat(proc, pid, &owner, 0) != 0 || owner.st_uid != ::geteuid()) return Kinship::kNone;
  const std::string folder(pid);
  const auto stat = parse_stat(content_of(proc, folder + "/stat"));
  if (!stat || stat->group == origin.group || stat->started_at < origin.started_at || stat->memory == 0) {
    return Kinship::kNone;
  }
  const std::string environment = content_of(proc, folder + "/environ");
  if (environment.empty()) return Kinship::kUnclear;
  return holds(environment, origin.mark) ? Kinship::kStray : Kinship::kNone;
}

struct Round {
  int killed = 0;
  int unclear = 0;
};

Round kill_round(const Origin& origin) {
  Round round;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  if (!folder) return round;
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto pid = parse_pid(entry->d_name);
    if (!pid || *pid == ::getpid()) continue;
    const Kinship kinship = kinship_of(::dirfd(folder.get()), entry->d_name, origin);
    if (kinship == Kinship::kUnclear) ++round.unclear;
    if (kinship == Kinship::kStray && ::kill(*pid, SIGKILL) == 0) ++round.killed;
  }
  return round;
}

}  // namespace

std::uint64_t start_of(pid_t pid) {
  const auto stat = parse_stat(content_of(AT_FDCWD, "/proc/" + std::to_string(pid) + "/stat"));
  return stat ? stat->started_at : 0;
}

bool kill_strays(const Origin& origin) {
  Round last;
  for (int round = 0; round < kRounds; ++round) {
    last = kill_round(origin);
    if (last.killed == 0) break;
  }
  return last.unclear == 0;
}

}  // namespace process
