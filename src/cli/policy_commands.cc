#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "policy/describe.h"
#include "policy/inspect.h"
#include "policy/simulate.h"
#include "protocol/frames.h"

namespace cli {
namespace {

namespace json = boost::json;

bool never_accepts(const policy::CheckReport& report) {
  return std::any_of(report.warnings.begin(), report.warnings.end(),
                     [](const auto& warning) { return warning.never_accepts; });
}

std::string headline(const policy::CheckReport& report) {
  if (never_accepts(report)) return "the policy is valid, and never accepts a job";
  if (report.warnings.empty()) return "the policy is fine";
  const auto count = report.warnings.size();
  return "the policy is valid, with " + std::to_string(count) + (count == 1 ? " warning" : " warnings");
}

int print_report(const policy::CheckReport& report, bool as_json) {
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
                                                     {"games", report.summary.games},
                                                     {"hooks", report.summary.hooks.size()},
                                                     {"always_open", report.summary.always_open},
                                                     {"tests", report.tests.results.size()},
                                                     {"failed_tests", report.tests.failed()}})
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
  std::string files;
  for (const auto& file : report.summary.files) files += (files.empty() ? "" : ", ") + file;
  std::printf(
      "%s\n%s", headline(report).c_str(),
      columns({{"files", files},
               {"zone", report.summary.zone},
               {"claims", report.summary.always_open
                              ? std::string("at any time")
                              : "in the named windows (" + std::to_string(report.summary.windows) + " declared)"},
               {"rules", std::to_string(report.summary.games) + " for games, " +
                             std::to_string(report.summary.hooks.size()) + " hooks"},
               {"tests", report.tests.results.empty() ? std::string("none; see studio-worker policy test")
                                                      : std::to_string(report.tests.results.size()) + " hold"}})
          .c_str());
  return config::kExitOk;
}

void print_explanation(const job::Offer& offer, const policy::Explanation& explanation, bool as_json) {
  if (!as_json) {
    std::fputs(policy::to_text(offer, explanation).c_str(), stdout);
    if (!explanation.error.empty()) std::printf("policy error: %s\n", explanation.error.c_str());
    return;
  }
  const auto& decision = explanation.decision;
  json::array trace;
  for (const auto& line : decision.trace) {
    trace.push_back(json::object{{"vote", job::to_string(line.vote)}, {"rule", line.rule}, {"text", line.text}});
  }
  std::printf("%s\n", json::serialize(json::object{{"job", offer.id.str()},
                                                   {"game", offer.game.str()},
                                                   {"kind", job::to_string(offer.kind)},
                                                   {"time", explanation.local_time},
                                                   {"accepted", decision.accepted},
                                                   {"code", job::to_string(decision.code)},
                                                   {"reason", decision.reason},
                                                   {"rule", decision.rule},
                                                   {"error", explanation.error},
                                                   {"trace", std::move(trace)},
                                                   {"instructions", explanation.instructions}})
                          .c_str());
}

/// Accepts a claim, or the whole offer frame that holds one.
base::Result<job::Offer> read_offer(const std::filesystem::path& path) {
  TRY(const std::string text, base::read_file(path, 64 * base::kMiB));
  boost::system::error_code unreadable;
  const json::value parsed = json::parse(text, unreadable);
  const json::object* object = unreadable ? nullptr : parsed.if_object();
  if (object == nullptr || !object->contains("claim")) {
    auto offer = protocol::decode_claim(text);
    if (offer) return offer;
    return std::move(offer).error().within(path.string() + " is no claim");
  }
  auto frame = protocol::decode(text);
  if (auto* whole = std::get_if<protocol::OfferFrame>(&frame)) return std::move(whole->offer);
  const auto* bad = std::get_if<protocol::BadFrame>(&frame);
  return base::Error{base::Code::kInvalid,
                     path.string() + " is no offer: " + (bad != nullptr ? bad->reason : "its type is not \"offer\"")};
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

std::string whole_seconds(base::WallTime when) {
  return base::format_utc(when).substr(0, 19) + "Z";
}

std::string json_of(const policy::Simulation& simulation) {
  json::array open;
  for (const auto& part : simulation.open) {
    open.push_back(json::array{whole_seconds(part.start), whole_seconds(part.end)});
  }
  return json::serialize(json::object{{"zone", simulation.zone.name()},
                                      {"from", whole_seconds(base::WallTime(simulation.first)).substr(0, 10)},
                                      {"days", simulation.days},
                                      {"open_minutes", policy::minutes_in(simulation.open)},
                                      {"minutes", policy::minutes_in({simulation.range})},
                                      {"open", std::move(open)}});
}

}  // namespace

int check_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  if (loaded.settings.policy.empty()) return fail(config::kExitUsage, kNoPolicy);
  const auto report = policy::check(loaded.settings.policy, base::make_system_clock()->wall_now());
  if (!report) return fail(config::kExitFailed, report.error().message);
  return print_report(*report, invocation.json);
}

int explain_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto& path = loaded.settings.policy;
  if (path.empty()) return fail(config::kExitUsage, kNoPolicy);
  const bool recorded = invocation.last || invocation.recorded_id;
  base::Result<job::Offer> offer = job::Offer();
  job::Facts facts{base::make_system_clock()->wall_now(), {}};
  std::string then;
  if (recorded) {
    auto record = recorded_offer(invocation, loaded);
    if (!record) return fail(config::kExitFailed, record.error().message);
    offer = std::move(record->offer);
    facts = std::move(record->facts);
    then = "recorded: generation " + std::to_string(record->decision.generation) + " " +
           (record->decision.accepted ? "accepted it"
                                      : "declined it \"" + base::log::printable(record->decision.reason) + "\"") +
           (record->decision.rule.empty() ? "" : ", " + base::log::printable(record->decision.rule));
  } else {
    offer = read_offer(invocation.offer_file);
  }
  if (!offer) return fail(config::kExitFailed, offer.error().message);
  if (invocation.at) {
    const auto at = policy::parse_time(path, *invocation.at);
    if (!at) return fail(config::kExitUsage, at.error().message);
    facts.now = *at;
  }
  const auto explanation = policy::explain(path, *offer, facts);
  if (!explanation) return fail(config::kExitFailed, explanation.error().message);
  print_explanation(*offer, *explanation, invocation.json);
  if (!then.empty() && !invocation.json) std::puts(then.c_str());
  return config::kExitOk;
}

int describe_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
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

int simulate_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto& path = loaded.settings.policy;
  if (path.empty()) return fail(config::kExitUsage, kNoPolicy);
  const auto simulation =
      policy::simulate(path, {invocation.from, invocation.days}, base::make_system_clock()->wall_now());
  if (!simulation) return fail(config::kExitFailed, simulation.error().message);
  std::puts(invocation.json ? json_of(*simulation).c_str() : policy::to_text(*simulation).c_str());
  return config::kExitOk;
}

}  // namespace cli
