#pragma once
// What the tests of config share: a home folder of their own and its files. Thread: the test's.

#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <optional>
#include <string>

#include "base/files.h"
#include "config/load.h"

namespace config {

/// Sets or removes a variable and puts the old value back.
class Variable {
 public:
  Variable(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    put(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { put(old_); }

 private:
  void put(const std::optional<std::string>& value) const {
    if (value) {
      ::setenv(name_, value->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  const char* name_;
  std::optional<std::string> old_;
};

class HomeTest : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name) const { return home_.path() / name; }
  std::filesystem::path config_file() const { return file(".config/studio-worker/config.toml"); }

  void write(const std::filesystem::path& path, const std::string& text, mode_t mode = 0600) const {
    std::filesystem::create_directories(path.parent_path());
    const auto written = base::write_file_atomically(path, text, mode);
    ASSERT_TRUE(written) << written.error().message;
  }
  void write_config(const std::string& more, mode_t mode = 0600) const {
    write(config_file(), "api_base_url = \"https://studio.example\"\nvram_threshold_gb = 8\n" + more, mode);
  }
  static std::string message_of(const base::Result<Loaded>& loaded) {
    return loaded ? "(loaded)" : loaded.error().message;
  }

  base::TempDir home_ = std::move(*base::TempDir::create("config-test"));
  Variable home_variable_{"HOME", home_.path().string()};
  Variable config_home_{"XDG_CONFIG_HOME", std::nullopt};
  Variable state_home_{"XDG_STATE_HOME", std::nullopt};
  Variable runtime_{"XDG_RUNTIME_DIR", std::nullopt};
};

}  // namespace config
