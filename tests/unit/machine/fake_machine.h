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

  /// Calls of the fake NVML are counted from here on.
  void watch_nvml() const { ::setenv("FAKE_NVML_LOG", (root() / "calls").c_str(), 1); }
  std::string nvml_calls() const { return base::read_file(root() / "calls").value_or(""); }

 private:
  base::TempDir folder_;
};

}  // namespace machine
