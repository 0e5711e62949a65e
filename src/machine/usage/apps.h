#pragma once
// The programs that run on this machine, by the names of their executables.

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace machine {

/// "C:\\Maya\\maya.exe" and "/opt/maya/bin/maya.exe" are "maya.exe".
std::string_view program_name(std::string_view path);

/// What the process is called: by the link to its executable where we may read it, and by its first argument. Under
/// Wine only the second tells. None when it has ended, and for a thread of the kernel.
std::vector<std::string> names_of_process(const std::filesystem::path& proc, pid_t pid);

/// Whether `pid` is this process or one of its descendants.
bool is_ours(const std::filesystem::path& proc, pid_t pid);

/// Lists programs again and again; a process that it knows costs one small read.
class AppList {
 public:
  explicit AppList(std::filesystem::path proc) : proc_(std::move(proc)) {}

  /// Sorted, each once; this worker and its children are left out. Errors: the folder cannot be read.
  base::Result<std::vector<std::string>> read();

 private:
  struct Known {
    std::string stamp;  // tells a process from another one with its number
    std::vector<std::string> names;
    bool seen = false;
  };

  std::filesystem::path proc_;
  std::unordered_map<pid_t, Known> known_;
};

}  // namespace machine
