#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>

#include "base/log.h"
#include "base/text/counted.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/paths.h"
#include "policy/describe.h"
#include "policy/inspect.h"

namespace cli {
namespace {

namespace json = boost::json;

bool never_accepts(const policy::CheckReport& report) {
  return std::any_of(report.warnings.begin(), report.warnings.end(),
                     [](const auto& warning) { return warning.never_accepts; });
}

std::string headline(const policy::CheckReport& report) {
  if (never_accepts(report)) return "the policy is valid, and never accepts a job";
  if (!report.held.empty()) return "the policy is valid, and a worker would hold it";
  if (report.warnings.empty()) return "the policy is fine";
  return "the policy is valid, with " + base::counted(report.warnings.size(), "warning");
}

std::string replay_text(const policy::CheckReport& report, const std::filesystem::path& path) {
  const auto offers = "the last " + std::to_string(report.replayed) + " recorded offers";
  if (report.decided_otherwise == 0) return offers + " would be decided as they were";
  return std::to_string(report.decided_otherwise) + " of " + offers +
         " would be decided otherwise; see studio-worker policy replay --with " + base::log::printable(path.string());
}

std::vector<std::vector<std::string>> rows_of(const policy::CheckReport& report, const std::filesystem::path& path) {
  std::string files;
  for (const auto& file : report.summary.files) files += (files.empty() ? "" : ", ") + file;
  std::vector<std::vector<std::string>> rows = {
      {"files", files},
      {"zone", report.summary.zone},
      {"claims", report.summary.always_open
                     ? std::string("at any time")
                     : "in the named windows (" + std::to_string(report.summary.windows) + " declared)"},
      {"rules",
       std::to_string(report.summary.games) + " for games, " + base::counted(report.summary.hooks.size(), "hook")},
      {"tests", report.tests.results.empty() ? std::string("none; see studio-worker policy test")
                                             : std::to_string(report.tests.results.size()) + " hold"}};
  if (report.replayed > 0) rows.push_back({"offers", replay_text(report, path)});
  return rows;
}

Outcome print_report(const policy::CheckReport& report, const std::filesystem::path& path, bool as_json) {
  if (as_json) {
    json::array errors(report.errors.begin(), report.errors.end());
    json::array warnings;
    for (const auto& warning : report.warnings) warnings.emplace_back(policy::sweep::to_line(warning));
    json::array files(report.summary.files.begin(), report.summary.files.end());
    std::printf("%s\n", json::serialize(json::object{{"ok", report.ok()},
                                                     {"errors", std::move(errors)},
                                                     {"warnings", std::move(warnings)},
                                                     {"never_accepts", never_accepts(report)},
                                                     {"files", std::move(files)},
                                                     {"zone", report.summary.zone},
                                                     {"windows", report.summary.windows},
                                                     {"dates", report.summary.dates},
                                                     {"games", report.summary.games},
                                                     {"hooks", report.summary.hooks.size()},
                                                     {"always_open", report.summary.always_open},
                                                     {"tests", report.tests.results.size()},
                                                     {"failed_tests", report.tests.failed()},
                                                     {"replayed", report.replayed},
                                                     {"decided_otherwise", report.decided_otherwise},
                                                     {"held", report.held}})
                            .c_str());
    return report.ok() ? config::kExitOk : config::kExitFailed;
  }
  for (const auto& error : report.errors) std::fprintf(stderr, "error: %s\n", error.c_str());
  if (!report.ok()) {
    std::fprintf(stderr, "the policy is not valid; a running worker keeps its last good one\n");
    return config::kExitFailed;
  }
  for (const auto& warning : report.warnings) {
    std::fprintf(stderr, "warning: %s\n", policy::sweep::to_line(warning).c_str());
  }
  if (!report.held.empty()) {
    std::fprintf(stderr, "warning: a worker would hold it until studio-worker policy promote: %s\n",
                 report.held.c_str());
  }
  std::printf("%s\n%s", headline(report).c_str(), columns(rows_of(report, path)).c_str());
  return config::kExitOk;
}

json::array strings(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

std::int64_t seconds_of(base::Duration span) {
  return std::chrono::duration_cast<std::chrono::seconds>(span).count();
}

json::object hours_of(const policy::rules::RuleSet& rules) {
  json::object hours{{"zone", rules.calendar.zone().name()}};
  json::array windows;
  for (const auto& window : rules.calendar.windows()) {
    windows.push_back(json::object{
        {"name", window.name}, {"rule", policy::rules::to_string(window.place)}, {"text", policy::describe(window)}});
  }
  json::array dates;
  for (const auto& set : rules.calendar.dates()) {
    dates.push_back(json::object{
        {"name", set.name}, {"rule", policy::rules::to_string(set.place)}, {"text", policy::describe(set)}});
  }
  hours["windows"] = std::move(windows);
  hours["dates"] = std::move(dates);
  if (const auto& during = rules.accept_during) {
    hours["accept_during"] = json::object{{"names", strings(during->names)},
                                          {"except", strings(during->except)},
                                          {"finish_before_end_seconds", seconds_of(during->finish_before_end)},
                                          {"rule", policy::rules::to_string(during->place)}};
  }
  return hours;
}

json::object quota_of(const policy::rules::Quota& quota) {
  json::object entry{{"per", quota.per}};
  if (quota.jobs) entry["jobs"] = *quota.jobs;
  if (quota.gpu_time) entry["gpu_time_seconds"] = seconds_of(*quota.gpu_time);
  return entry;
}

json::array games_of(const policy::rules::RuleSet& rules) {
  json::array games;
  for (const auto& game : rules.games) {
    json::object entry{{"pattern", game.pattern},
                       {"rule", policy::rules::to_string(game.place)},
                       {"accept", game.accept},
                       {"models", strings(game.models)}};
    json::array kinds;
    for (const job::Kind kind : game.kinds) kinds.emplace_back(job::to_string(kind));
    entry["kinds"] = std::move(kinds);
    if (game.max_vram) entry["max_vram_bytes"] = *game.max_vram;
    if (game.max_time) entry["max_time_seconds"] = seconds_of(*game.max_time);
    if (game.quota) entry["quota"] = quota_of(*game.quota);
    if (!game.reason.empty()) entry["reason"] = game.reason;
    games.push_back(std::move(entry));
  }
  return games;
}

json::array memory_of(const policy::rules::RuleSet& rules) {
  json::array entries;
  for (const auto& rule : rules.vram) {
    json::object entry{{"rule", policy::rules::to_string(rule.place)}};
    if (rule.keep_free) entry["keep_free_bytes"] = *rule.keep_free;
    if (rule.at_most) entry["at_most_bytes"] = *rule.at_most;
    if (rule.at_most_percent) entry["at_most_percent"] = *rule.at_most_percent;
    if (!rule.during.empty()) entry["during"] = rule.during;
    if (!rule.gpus.empty()) entry["gpus"] = json::array(rule.gpus.begin(), rule.gpus.end());
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

Outcome check_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  if (loaded.settings.policy.empty()) return fail(config::kExitUsage, kNoPolicy);
  const auto report = policy::check(loaded.settings.policy, base::make_system_clock()->wall_now(),
                                    config::policy_data_folder(loaded.settings.state_folder));
  if (!report) return fail(config::kExitFailed, report.error().message);
  return print_report(*report, loaded.settings.policy, invocation.json);
}

Outcome describe_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto& path = loaded.settings.policy;
  if (path.empty()) return fail(config::kExitUsage, kNoPolicy);
  const auto runtime = policy::open_policy(path);
  if (!runtime) return fail(config::kExitFailed, runtime.error().message);
  const auto sentences = policy::describe(**runtime);
  if (!invocation.json) {
    std::fputs(policy::to_text(sentences).c_str(), stdout);
    return config::kExitOk;
  }
  json::array said;
  for (const auto& [about, text, rule] : sentences) {
    said.push_back(json::object{{"about", about}, {"text", text}, {"rule", rule}});
  }
  json::array hooks;
  for (const auto& [event, place] : (*runtime)->summary().hooks) {
    hooks.push_back(json::object{{"event", policy::to_string(event)}, {"rule", place}});
  }
  const json::object whole{{"sentences", std::move(said)},
                           {"hours", hours_of((*runtime)->rules())},
                           {"games", games_of((*runtime)->rules())},
                           {"vram", memory_of((*runtime)->rules())},
                           {"hooks", std::move(hooks)}};
  std::puts(json::serialize(whole).c_str());
  return config::kExitOk;
}

}  // namespace cli
