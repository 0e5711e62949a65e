#pragma once
// A folder that stands in for / in the tests of the sensors, and the environment of the fake NVML.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/files.h"

namespace machine {

class FakeMachine {
 public:
  FakeMachine() : folder_(std::move(base::TempDir::create("machine-test").value())) {}
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine() {
    ::unsetenv("FAKE_NVML");
    ::unsetenv("FAKE_NVML_LOG");
    ::unsetenv("FAKE_NVML_PID");
  }

  const std::filesystem::path& root() const { return folder_.path(); }

  void write(const std::string& path, std::string_view text) const {
    std::filesystem::create_directories((root() / path).parent_path());
    std::ofstream(root() / path) << text;
  }

  void add_nvidia(const std::string& bus, std::string_view lines) const {
    write("proc/driver/nvidia/gpus/" + bus + "/information", lines);
  }

  void add_amd(const std::string& card, std::string_view total, std::string_view used) const {
    write("sys/class/drm/" + card + "/device/mem_info_vram_total", total);
    write("sys/class/drm/" + card + "/device/mem_info_vram_used", used);
  }

  /// What the fake NVML does wrong from now on; empty for nothing.
  void nvml_fault(const char* fault) const { ::setenv("FAKE_NVML", fault, 1); }

  /// A process as proc(5) shows it.
  void add_process(int pid, int parent, const std::string& program, std::string_view argument) const {
    const std::string folder = "proc/" + std::to_string(pid);
    write(folder + "/stat", std::to_string(pid) + " (a (b) c) S " + std::to_string(parent) +
                                " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + std::to_string(1000 + pid) + " 0 0");
    write(folder + "/cmdline", std::string(argument) + std::string("\0--flag", 7));
    std::filesystem::remove(root() / folder / "exe");
    if (!program.empty()) std::filesystem::create_symlink(program, root() / folder / "exe");
  }
  void remove_process(int pid) const { std::filesystem::remove_all(root() / "proc" / std::to_string(pid)); }
  /// Who uses the fake NVML's first card.
  void nvml_user(int pid) const { ::setenv("FAKE_NVML_PID", std::to_string(pid).c_str(), 1); }

  /// Calls of the fake NVML are counted from here on.
  void watch_nvml() const { ::setenv("FAKE_NVML_LOG", (root() / "calls").c_str(), 1); }
  std::string nvml_calls() const { return base::read_file(root() / "calls").value_or(""); }

 private:
  base::TempDir folder_;
};

}  // namespace machine
