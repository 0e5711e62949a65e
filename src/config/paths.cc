#include "config/paths.h"

#include <cstdlib>
#include <string>
#include <system_error>

namespace config {
namespace {

std::optional<std::filesystem::path> absolute_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || value[0] != '/') return std::nullopt;
  return std::filesystem::path(value);
}

base::Result<std::filesystem::path> xdg(const char* variable, std::string_view below_home) {
  if (const auto set = absolute_variable(variable)) return *set;
  if (const auto home = absolute_variable("HOME")) return *home / below_home;
  return base::Error{base::Code::kInvalid, std::string("neither HOME nor ") + variable +
                                               " is set; set one of them, or name the places with --config FILE and "
                                               "--state DIR"};
}

}  // namespace

base::Result<std::filesystem::path> default_config_file() {
  TRY(const auto folder, xdg("XDG_CONFIG_HOME", ".config"));
  return folder / "studio-worker" / "config.toml";
}

std::optional<std::filesystem::path> public_worker_config_file() {
  const auto folder = xdg("XDG_CONFIG_HOME", ".config");
  if (!folder) return std::nullopt;
  auto path = *folder / "minis-studio-worker" / "config.toml";
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) return std::nullopt;
  return path;
}

base::Result<std::filesystem::path> default_state_folder() {
  TRY(const auto folder, xdg("XDG_STATE_HOME", ".local/state"));
  return folder / "studio-worker";
}

std::filesystem::path default_runtime_folder(const std::filesystem::path& state_folder) {
  if (const auto runtime = absolute_variable("XDG_RUNTIME_DIR")) return *runtime / "studio-worker";
  return state_folder / "run";
}

std::filesystem::path policy_data_folder(const std::filesystem::path& state_folder) {
  return state_folder / "policy";
}

std::filesystem::path expand_home(std::string_view text) {
  const auto home = absolute_variable("HOME");
  if (!home) return text;
  if (text == "~") return *home;
  if (text.starts_with("~/")) return *home / text.substr(2);
  return text;
}

std::filesystem::path default_engines_folder() {
  std::error_code failure;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failure);
  const auto prefix = program.parent_path().parent_path();
  auto installed = prefix / "lib" / "studio-worker" / "engines";
  if (std::filesystem::is_directory(installed, failure)) return installed;
  return prefix / "engines";
}

}  // namespace config
