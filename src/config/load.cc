#include "config/load.h"

#include <algorithm>
#include <functional>
#include <sys/stat.h>

#include "base/files.h"
#include "base/log.h"
#include "config/paths.h"
#include "config/toml_file.h"

namespace config {
namespace {

using Apply = std::function<base::Status(Settings&, const std::string& file, const TomlValue&)>;

struct Key {
  std::string_view name;
  Apply apply;  // empty = known, of other versions or programs, and without effect here
};

constexpr double kMaxGib = 100000;

template <class Member>
Apply text(Member member) {
  return [member](Settings& settings, const std::string& file, const TomlValue& value) -> base::Status {
    TRY(auto read, as_text(file, "value", value));
    settings.*member = std::decay_t<decltype(settings.*member)>(std::move(read));
    return {};
  };
}

Apply flag(bool Settings::*member) {
  return [member](Settings& settings, const std::string& file, const TomlValue& value) -> base::Status {
    TRY(settings.*member, as_flag(file, "value", value));
    return {};
  };
}

template <class Member>
Apply integer(Member member, std::int64_t low, std::int64_t high) {
  return [member, low, high](Settings& settings, const std::string& file, const TomlValue& value) -> base::Status {
    TRY(const auto read, as_integer(file, "value", value, low, high));
    settings.*member = static_cast<std::decay_t<decltype(settings.*member)>>(read);
    return {};
  };
}

/// Paths are relative to the file that names them.
std::filesystem::path resolve(const Settings& settings, const std::string& written) {
  const auto path = expand_home(written);
  return path.is_absolute() ? path : settings.config_file.parent_path() / path;
}

Apply path(std::filesystem::path Settings::*member) {
  return [member](Settings& settings, const std::string& file, const TomlValue& value) -> base::Status {
    TRY(const auto read, as_text(file, "value", value));
    settings.*member = resolve(settings, read);
    return {};
  };
}

base::Status read_threshold(Settings& settings, const std::string& file, const TomlValue& value) {
  TRY(settings.vram_threshold_gb, as_number(file, "vram_threshold_gb", value, 0, kMaxGib));
  return {};
}

base::Status read_engines(Settings& settings, const std::string& file, const TomlValue& value) {
  TRY(const auto folders, as_texts(file, "engines_path", value));
  settings.engines.clear();
  for (const auto& folder : folders) settings.engines.push_back(resolve(settings, folder));
  return {};
}

base::Status read_drain(Settings& settings, const std::string& file, const TomlValue& value) {
  TRY(const auto seconds, as_integer(file, "drain_timeout_secs", value, 0, 86400));
  settings.drain_timeout = std::chrono::seconds(seconds);
  return {};
}

const std::vector<Key>& keys() {
  static const std::vector<Key> kKeys = {
      {"api_base_url", text(&Settings::api_base_url)},
      {"worker_id", text(&Settings::worker_id)},
      {"auth_token", text(&Settings::auth_token)},
      {"install_id", text(&Settings::install_id)},
      {"registration_request_id", text(&Settings::registration_request_id)},
      {"registration_secret", text(&Settings::registration_secret)},
      {"vram_threshold_gb", read_threshold},
      {"auto_enabled", flag(&Settings::auto_enabled)},
      {"auto_start", flag(&Settings::auto_start)},
      {"auto_update_enabled", flag(&Settings::auto_update_enabled)},
      {"start_minimised", flag(&Settings::start_minimised)},
      {"only_when_idle", flag(&Settings::only_when_idle)},
      {"ws_reconnect_attempts", integer(&Settings::ws_reconnect_attempts, 0, 1000000)},
      {"models_root", path(&Settings::models_root)},
      {"policy", path(&Settings::policy)},
      {"engines_path", read_engines},
      {"max_jobs", integer(&Settings::max_jobs, 1, 64)},
      {"ca_file", text(&Settings::ca_file)},
      {"drain_timeout_secs", read_drain},
      {"log_level", text(&Settings::log_level)},
      {"log_json", flag(&Settings::log_json)},
      {"bootstrap_token", {}},
      {"memory_max_gb", {}},
      {"engine", {}},
      {"engines", {}},
      {"gradio_endpoint_url", {}},
      {"supported_models_override", {}},
      {"label", {}},
      {"auto_update_interval_secs", {}},
      {"auto_update_feed", {}},
      {"auto_update_prerelease", {}},
      {"local_api_port", {}},
      {"local_api_token", {}},
      {"stream_port", {}},
  };
  return kKeys;
}

std::string unknown_key(const std::string& file, const std::string& key, const TomlValue& value) {
  std::vector<std::string_view> names;
  for (const auto& known : keys()) names.push_back(known.name);
  const std::string guess = nearest(key, names);
  return at(file, value,
            "unknown key \"" + base::log::printable(key, 60) + "\"" +
                (guess.empty() ? "" : "; did you mean \"" + guess + "\"?"))
      .message;
}

/// The readers do not know their key's name: it is put in place of the word they used.
base::Error named(base::Error error, std::string_view key) {
  const std::string word = "\"value\"";
  if (const std::size_t place = error.message.find(word); place != std::string::npos) {
    error.message.replace(place, word.size(), "\"" + std::string(key) + "\"");
  }
  return error;
}

base::Status read_file_into(Loaded& loaded) {
  Settings& settings = loaded.settings;
  const std::string file = settings.config_file.filename().string();
  auto table_read = read_toml(settings.config_file, file);
  // A link whose target is gone: here, and not to be opened, is as wrong as its content could be.
  if (!table_read && table_read.error().code == base::Code::kNotFound) {
    return base::Error{base::Code::kInvalid, table_read.error().message + " (is it a link to a file that is gone?)"};
  }
  TRY(const auto table, std::move(table_read));
  for (const auto& entry : table) {
    const auto& [key, value] = entry;
    const auto known =
        std::find_if(keys().begin(), keys().end(), [&](const Key& one) { return one.name == entry.first; });
    if (known == keys().end()) {
      loaded.warnings.push_back(unknown_key(file, key, value));
      continue;
    }
    if (!known->apply) continue;
    if (auto read = known->apply(settings, file, value); !read) return named(std::move(read).error(), key);
    settings.origins[key] = file + ":" + std::to_string(value.line);
  }
  std::string missing;
  for (const auto& [required, example] :
       {std::pair("api_base_url", "\"https://studio.example\""), std::pair("vram_threshold_gb", "12.0")}) {
    if (table.contains(required)) continue;
    missing += std::string(missing.empty() ? "" : "; ") + "the key \"" + required + "\" is missing: write it like " +
               required + " = " + example;
  }
  if (missing.empty()) return {};
  return base::Error{base::Code::kInvalid, file + ": " + missing};
}

/// A token travels in a header, which holds neither blanks nor line breaks: what does was copied badly.
base::Status check_token(const Settings& settings, const base::Secret& token, const std::string& key) {
  const std::string& text = token.reveal();
  if (std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) return {};
  return base::Error{base::Code::kInvalid, settings.origins.at(key) + ": " + key +
                                               " holds a blank, a line break or another character that no token has; "
                                               "copy it again, or remove the line"};
}

/// A token that others can read is no secret; better refused than leaked.
base::Status check_mode(const Settings& settings) {
  if (settings.auth_token.empty() && settings.registration_secret.empty()) return {};
  struct stat info {};
  if (::stat(settings.config_file.c_str(), &info) != 0) return base::file_error("read", settings.config_file, errno);
  if ((info.st_mode & 077U) == 0) return {};
  return base::Error{base::Code::kInvalid, settings.config_file.string() +
                                               " holds a token and others can read it; run: chmod 600 " +
                                               settings.config_file.string()};
}

base::Status apply_overrides(Settings& settings, const Overrides& overrides) {
  const auto put = [&](std::string_view key, std::string_view flag_name) {
    settings.origins[std::string(key)] = flag_name;
  };
  if (overrides.api_base_url) {
    settings.api_base_url = *overrides.api_base_url;
    put("api_base_url", "--api-base-url");
  }
  if (!overrides.policy.empty()) {
    settings.policy = std::filesystem::absolute(overrides.policy);
    put("policy", "--policy");
  }
  if (!overrides.engines.empty()) {
    settings.engines.clear();
    for (const auto& folder : overrides.engines) settings.engines.push_back(std::filesystem::absolute(folder));
    put("engines_path", "--engines");
  }
  if (overrides.drain_timeout) {
    settings.drain_timeout = *overrides.drain_timeout;
    put("drain_timeout_secs", "--drain-timeout");
  }
  if (overrides.log_level) {
    settings.log_level = *overrides.log_level;
    put("log_level", "--log-level");
  }
  if (overrides.log_json) {
    settings.log_json = true;
    put("log_json", "--log-json");
  }
  const std::string& level = settings.log_level;
  if (level == "debug" || level == "info" || level == "warn" || level == "error") return {};
  return base::Error{base::Code::kInvalid,
                     settings.origins["log_level"] + ": the log level must be debug, info, warn or error"};
}

}  // namespace

base::Result<Settings> locate(const Overrides& overrides) {
  Settings settings;
  if (overrides.config_file.empty()) {
    TRY(settings.config_file, default_config_file());
  } else {
    settings.config_file = std::filesystem::absolute(overrides.config_file);
  }
  if (overrides.state_folder.empty()) {
    TRY(settings.state_folder, default_state_folder());
  } else {
    settings.state_folder = std::filesystem::absolute(overrides.state_folder);
  }
  settings.runtime_folder = overrides.runtime_folder.empty() ? default_runtime_folder(settings.state_folder)
                                                             : std::filesystem::absolute(overrides.runtime_folder);
  return settings;
}

base::Result<Loaded> load(const Overrides& overrides) {
  Loaded loaded;
  Settings& settings = loaded.settings;
  TRY(settings, locate(overrides));
  for (const auto& key : keys()) {
    if (key.apply) settings.origins[std::string(key.name)] = "default";
  }
  settings.models_root = expand_home("~/models");
  settings.engines = {default_engines_folder()};
  std::error_code failure;
  settings.file_exists = std::filesystem::exists(std::filesystem::symlink_status(settings.config_file, failure));
  if (settings.file_exists) {
    CHECK_OK(read_file_into(loaded));
    CHECK_OK(check_token(settings, settings.auth_token, "auth_token"));
    CHECK_OK(check_token(settings, settings.registration_secret, "registration_secret"));
    CHECK_OK(check_mode(settings));
  } else if (overrides.config_file.empty()) {
    loaded.public_worker_config = public_worker_config_file();
  }
  CHECK_OK(apply_overrides(settings, overrides));
  return loaded;
}

}  // namespace config
