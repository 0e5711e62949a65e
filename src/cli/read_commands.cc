#include <algorithm>
#include <array>
#include <cstdio>

#include <boost/json.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/show.h"
#include "control/client.h"
#include "policy/generations/store.h"
#include "studio/urls.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kShownVerdicts = 8;

std::string gib_text(const json::object& object, std::string_view key) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", number_of(object, key));
  return text.data();
}

bool flag_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string registration_of(const config::Settings& settings) {
  if (!settings.worker_id.empty() && !settings.auth_token.empty()) {
    return "approved as " + base::log::printable(settings.worker_id.str());
  }
  if (!settings.registration_request_id.empty()) {
    return "pending operator approval (request " + base::log::printable(settings.registration_request_id) + ")";
  }
  return "not registered (will auto-register on next launch)";
}

Outcome stopped_status(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto& settings = loaded.settings;
  if (invocation.json) {
    std::printf("%s\n", json::serialize(json::object{{"running", false},
                                                     {"config", settings.config_file.string()},
                                                     {"api_base_url", settings.api_base_url},
                                                     {"registration", registration_of(settings)},
                                                     {"vram_threshold_gb", settings.vram_threshold_gb}})
                            .c_str());
    return config::kExitNotRunning;
  }
  std::printf("no worker is running for this configuration\n%s\nNext: studio-worker run\n",
              columns({{"config", settings.config_file.string()},
                       {"studio", settings.api_base_url},
                       {"registration", registration_of(settings)}})
                  .c_str());
  return config::kExitNotRunning;
}

std::string claiming_text(const json::object& status) {
  if (flag_of(status, "draining")) return "no: draining, then it ends";
  if (flag_of(status, "paused")) {
    const double left = number_of(status, "paused_for_seconds");
    return "no: paused " + (left > 0 ? "for another " + human_duration(left)
                                     : std::string("until studio-worker resume, or its next start"));
  }
  if (flag_of(status, "claiming")) return "yes";
  if (flag_of(status.at("policy").as_object(), "safe_mode")) return "no: no policy could be loaded";
  if (text_of(status.at("connection").as_object(), "state") == "ended") return "no: the session has ended";
  std::string pauses;
  for (const auto& item : status.at("pauses").as_array()) {
    const auto& pause = item.as_object();
    pauses += (pauses.empty() ? "" : ", ") + text_of(pause, "title") + " (" + text_of(pause, "rule") + ": " +
              text_of(pause, "why") + "; " + text_of(pause, "action") + ")";
  }
  if (!pauses.empty()) return "no: paused by the policy: " + pauses;
  return "no: auto_enabled = false (studio-worker enable)";
}

std::string policy_text(const json::object& policy) {
  const std::string error = first_error(policy.at("error").as_string(), "studio-worker policy check");
  if (flag_of(policy, "safe_mode")) return "SAFE MODE, nothing is claimed: " + error;
  std::string text;
  for (const auto& file : policy.at("files").as_array())
    text += (text.empty() ? "" : ", ") + std::string(file.as_string());
  if (text.empty()) return "none: every offer passes";
  text = "generation " + text_of(policy, "generation") + " " + text_of(policy, "hash").substr(0, 8) + " (" + text + ")";
  const std::string since = text_of(policy, "since");
  if (since == policy::generations::kRollback) text += ", by rollback until the policy folder changes";
  if (since == policy::generations::kFromShadow) text += ", from the shadow until the policy folder changes";
  const std::string disk_error = text_of(policy, "disk_error");
  const std::string held = text_of(policy, "held");
  if (!held.empty()) text += "; the newest save is held: " + held;
  if (!error.empty()) text += "; the newest save was refused: " + error;
  if (const std::string shadow = text_of(policy, "shadow"); !shadow.empty())
    text += "; beside it " + shadow + " is tried";
  return disk_error.empty() ? text : text + "; it is not kept on disk: " + disk_error;
}

std::string connection_text(const json::object& connection) {
  std::string text = text_of(connection, "state");
  if (connection.contains("connected_seconds")) {
    text +=
        " as " + text_of(connection, "worker") + " for " + human_duration(number_of(connection, "connected_seconds"));
  }
  const std::string detail = text_of(connection, "detail");
  return detail.empty() ? text : text + ": " + detail;
}

std::string trouble_text(const json::object& status) {
  const auto& connection = status.at("connection").as_object();
  std::string text;
  const auto count = [&](double number, const char* what) {
    if (number > 0) text += (text.empty() ? "" : ", ") + std::to_string(static_cast<long long>(number)) + " " + what;
  };
  count(number_of(connection, "bad_frames"), "unreadable frames");
  count(number_of(connection, "unknown_frames"), "frames of unknown type");
  count(number_of(connection, "unreadable_offers"), "unreadable offers");
  count(number_of(connection, "logs_dropped"), "log lines dropped");
  count(number_of(status.at("policy").as_object(), "errors"), "policy errors");
  count(number_of(status.at("policy").as_object(), "restarts"), "policy host restarts");
  count(number_of(status.at("counters").as_object(), "journal_damaged"), "damaged journal records");
  count(static_cast<double>(status.at("cut_short").as_array().size()),
        "jobs cut short when the worker before this one died");
  const auto add = [&text](const std::string& problem) { text += (text.empty() ? "" : ", ") + problem; };
  if (const auto degraded = text_of(status, "degraded"); !degraded.empty()) add("degraded: " + degraded);
  if (const auto* problems = status.if_contains("log_problems")) {
    for (const auto& problem : problems->as_array()) add("log: " + std::string(problem.as_string()));
  }
  return text.empty() ? "none" : text;
}

void print_status(const json::object& status) {
  const auto& counters = status.at("counters").as_object();
  const auto& vram = status.at("vram").as_object();
  std::printf(
      "%s",
      columns({{"worker", "running, pid " + text_of(status, "pid") + ", up " +
                              human_duration(number_of(status, "uptime_seconds"))},
               {"studio", text_of(status, "studio")},
               {"registration", text_of(status, "registration")},
               {"connection", connection_text(status.at("connection").as_object())},
               {"claiming", claiming_text(status)},
               {"policy", policy_text(status.at("policy").as_object())},
               {"memory", gib_text(vram, "promised_gib") + " of " + gib_text(vram, "bound_gib") + " GiB promised"},
               {"jobs", text_of(counters, "delivered") + " delivered, " + text_of(counters, "failed") + " failed, " +
                            text_of(counters, "handed_back") + " handed back, " + text_of(counters, "declined") +
                            " declined"},
               {"trouble", trouble_text(status)}},
              "")
          .c_str());
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : status.at("jobs").as_array()) {
    const auto& row = item.as_object();
    rows.push_back({text_of(row, "job"), text_of(row, "game"), text_of(row, "kind"), text_of(row, "stage"),
                    human_duration(number_of(row, "seconds"))});
  }
  if (!rows.empty()) std::printf("\nnow\n%s", columns(rows).c_str());
  rows.clear();
  const auto& recent = status.at("recent").as_array();
  for (std::size_t i = recent.size() - std::min(recent.size(), kShownVerdicts); i < recent.size(); ++i) {
    const auto& row = recent[i].as_object();
    const bool accepted = flag_of(row, "accepted");
    rows.push_back({text_of(row, "at").substr(11, 8), text_of(row, "job"), text_of(row, "game"), text_of(row, "kind"),
                    accepted ? "accepted" : "declined", text_of(row, "rule"), text_of(row, "reason")});
  }
  if (!rows.empty()) std::printf("\nlast verdicts (UTC)\n%s", columns(rows).c_str());
}

}  // namespace

Outcome show_status(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto socket = control::socket_path(loaded.settings.runtime_folder, loaded.settings.config_file);
  const auto answer = control::ask(socket, R"({"command":"status"})");
  if (!answer) {
    if (answer.error().code == base::Code::kNotFound) {
      return loaded.unreadable ? fail(*loaded.unreadable) : stopped_status(invocation, loaded);
    }
    return fail(config::kExitFailed, answer.error().message);
  }
  auto status = json::parse(*answer).at("status").as_object();
  if (invocation.json) {
    status["running"] = true;
    std::printf("%s\n", json::serialize(status).c_str());
  } else {
    print_status(status);
  }
  return config::kExitOk;
}

Outcome show_config(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto text = invocation.json ? config::show_json(loaded.settings, invocation.show_secrets) + "\n"
                                    : config::show_text(loaded.settings, invocation.show_secrets);
  std::fputs(text.c_str(), stdout);
  return config::kExitOk;
}

std::vector<std::string> warnings_of(const config::Loaded& loaded) {
  std::vector<std::string> warnings = loaded.warnings;
  for (auto& warning : config::load_engines(loaded.settings.engines).warnings) warnings.push_back(std::move(warning));
  for (const auto& [key, path] : {std::pair<const char*, std::filesystem::path>{"policy", loaded.settings.policy},
                                  {"ca_file", loaded.settings.ca_file}}) {
    std::error_code failure;
    if (path.empty() || std::filesystem::exists(path, failure)) continue;
    warnings.push_back(std::string(key) + ": " + path.string() + " does not exist");
  }
  return warnings;
}

Outcome check_config(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto urls = studio::Urls::parse(loaded.settings.api_base_url);
  if (!urls) return fail(urls.error());
  const std::vector<std::string> warnings = warnings_of(loaded);
  if (invocation.json) {
    json::array rows(warnings.begin(), warnings.end());
    std::printf("%s\n", json::serialize(json::object{{"ok", true}, {"warnings", std::move(rows)}}).c_str());
    return config::kExitOk;
  }
  for (const auto& warning : warnings) std::printf("warning: %s\n", warning.c_str());
  const auto& file = loaded.settings.config_file;
  std::printf("%s %s\n", file.c_str(),
              loaded.settings.file_exists ? "is fine" : "does not exist; the defaults are fine");
  return config::kExitOk;
}

Outcome list_engines(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto engines = config::load_engines(loaded.settings.engines);
  json::array list;
  std::vector<std::vector<std::string>> rows = {{"engine", "serves", "kinds", "folder"}};
  for (const auto& manifest : engines.manifests) {
    json::array serves(manifest.serves.begin(), manifest.serves.end());
    json::array kinds;
    std::string kinds_text;
    std::string serves_text;
    for (const auto& [kind, models] : manifest.models) {
      kinds.emplace_back(job::to_string(kind));
      kinds_text += (kinds_text.empty() ? "" : " ") + std::string(job::to_string(kind));
    }
    for (const auto& name : manifest.serves) serves_text += (serves_text.empty() ? "" : " ") + name;
    rows.push_back({manifest.name, serves_text, kinds_text, manifest.folder.string()});
    list.push_back(json::object{{"name", manifest.name},
                                {"serves", std::move(serves)},
                                {"kinds", std::move(kinds)},
                                {"folder", manifest.folder.string()}});
  }
  for (const auto& warning : engines.warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  if (invocation.json) {
    std::printf("%s\n", json::serialize(json::object{{"engines", std::move(list)}}).c_str());
  } else if (engines.manifests.empty()) {
    std::printf("no engines; engines/README.md tells how to write one, --engines DIR where to look\n");
  } else {
    std::printf("%s", columns(rows, "").c_str());
  }
  return config::kExitOk;
}

}  // namespace cli
