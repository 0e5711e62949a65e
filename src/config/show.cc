#include "config/show.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "config/save.h"

namespace config {
namespace {

namespace json = boost::json;

struct Row {
  std::string key;
  json::value value;
};

json::value secret(const std::string& text, bool show) {
  if (text.empty()) return json::value("");
  return json::value(show ? text : std::string(base::kRedacted));
}

json::value paths(const std::vector<std::filesystem::path>& list) {
  json::array array;
  for (const auto& path : list) array.emplace_back(path.string());
  return array;
}

std::vector<Row> rows(const Settings& s, bool show) {
  return {
      {"api_base_url", json::value(s.api_base_url)},
      {"worker_id", json::value(s.worker_id.str())},
      {"auth_token", secret(s.auth_token.reveal(), show)},
      {"install_id", json::value(s.install_id)},
      {"registration_request_id", json::value(s.registration_request_id)},
      {"registration_secret", secret(s.registration_secret.reveal(), show)},
      {"vram_threshold_gb", json::value(s.vram_threshold_gb)},
      {"auto_enabled", json::value(s.auto_enabled)},
      {"auto_start", json::value(s.auto_start)},
      {"auto_update_enabled", json::value(s.auto_update_enabled)},
      {"start_minimised", json::value(s.start_minimised)},
      {"only_when_idle", json::value(s.only_when_idle)},
      {"ws_reconnect_attempts", json::value(s.ws_reconnect_attempts)},
      {"models_root", json::value(s.models_root.string())},
      {"policy", json::value(s.policy.string())},
      {"engines_path", paths(s.engines)},
      {"max_jobs", json::value(s.max_jobs)},
      {"ca_file", json::value(s.ca_file)},
      {"drain_timeout_secs", json::value(s.drain_timeout.count())},
      {"log_level", json::value(s.log_level)},
      {"log_json", json::value(s.log_json)},
  };
}

std::string toml(const json::value& value) {
  if (value.is_string()) return toml_string(value.as_string());
  if (value.is_double()) return toml_number(value.as_double());
  return json::serialize(value);
}

}  // namespace

std::string show_text(const Settings& settings, bool show_secrets) {
  std::string text =
      "# " + settings.config_file.string() + (settings.file_exists ? "" : " (does not exist yet)") + "\n";
  std::vector<std::pair<std::string, std::string>> lines;
  std::size_t width = 0;
  for (const auto& row : rows(settings, show_secrets)) {
    lines.emplace_back(row.key + " = " + toml(row.value), settings.origins.at(row.key));
    width = std::max(width, std::min<std::size_t>(lines.back().first.size(), 60));
  }
  for (const auto& [line, origin] : lines) {
    text += line + std::string(line.size() < width ? width - line.size() : 0, ' ') + "  # " + origin + "\n";
  }
  return text;
}

std::string show_json(const Settings& settings, bool show_secrets) {
  json::object values;
  for (auto& row : rows(settings, show_secrets)) {
    values[row.key] = json::object{{"value", std::move(row.value)}, {"origin", settings.origins.at(row.key)}};
  }
  return json::serialize(json::object{{"file", settings.config_file.string()},
                                      {"exists", settings.file_exists},
                                      {"state", settings.state_folder.string()},
                                      {"runtime", settings.runtime_folder.string()},
                                      {"values", std::move(values)}});
}

}  // namespace config
