#include "policy/lua/declare/declare.h"
#include "policy/names/words.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

constexpr base::Duration kLongestDelay = std::chrono::hours(24);

base::Status read_foreign_gpu(lua_State* lua, const TableReader& table, pause::PauseRule& rule) {
  if (!table.has("foreign_gpu")) return {};
  lua_getfield(lua, 1, "foreign_gpu");
  if (lua_isboolean(lua, -1)) {
    if (lua_toboolean(lua, -1) == 0) return table.error("foreign_gpu", "must be true or a table");
    rule.foreign_gpu.emplace();
    return {};
  }
  TRY(const auto inner, TableReader::open(lua, lua_gettop(lua), "foreign_gpu of worker.pause_when '" + rule.title + "'",
                                          names::kForeignGpuKeys, false));
  pause::ForeignGpu foreign;
  TRY(const auto least, inner.size("min_vram"));
  foreign.min_vram = least.value_or(0);
  TRY(foreign.ignore, inner.texts("ignore"));
  rule.foreign_gpu = std::move(foreign);
  return {};
}

base::Status read_conditions(lua_State* lua, const TableReader& table, pause::PauseRule& rule) {
  TRY(rule.apps, table.texts("apps"));
  CHECK_OK(read_foreign_gpu(lua, table, rule));
  TRY(rule.user_active_within, table.span("user_active_within"));
  TRY(rule.on_battery, table.flag("on_battery"));
  TRY(const auto heat, table.text("hotter_than"));
  if (heat) {
    auto limit = rules::parse_temperature(*heat);
    if (!limit) return table.error("hotter_than", limit.error().message);
    rule.hotter_than = *limit;
  }
  TRY(rule.gpus, table.indices("gpus"));
  if (!rule.gpus.empty() && !rule.foreign_gpu && !rule.hotter_than) {
    return table.error("gpus", "says which cards foreign_gpu or hotter_than look at, and neither is there");
  }
  if (table.has("apps") && rule.apps.empty()) return table.error("apps", "is empty: name a program");
  return {};
}

base::Status read_windows(const TableReader& table, Api& api, pause::PauseRule& rule) {
  TRY(rule.during, table.texts("during"));
  if (table.has("during") && rule.during.empty()) return table.error("during", "is empty; leave it out for always");
  TRY(rule.unless, table.texts("unless"));
  for (const auto* names : {&rule.during, &rule.unless}) {
    for (const std::string& name : *names) api.references.push_back({name, rule.place});
  }
  return {};
}

base::Result<base::Duration> read_delay(const TableReader& table, const char* key) {
  TRY(const auto delay, table.span(key));
  if (delay.value_or(base::Duration{}) > kLongestDelay) return table.error(key, "must be at most 24h");
  return delay.value_or(base::Duration{});
}

base::Status read_effect(const TableReader& table, pause::PauseRule& rule) {
  TRY(const auto action, table.text("action"));
  if (action) {
    const auto known = pause::parse_action(*action);
    if (!known) return table.error("action", rules::unknown_name("action", *action, names::spelled(names::kActions)));
    rule.action = *known;
  }
  TRY(const auto release, table.flag("release_vram"));
  rule.release_vram = release.value_or(false);
  TRY(rule.start_after, read_delay(table, "start_after"));
  TRY(rule.resume_after, read_delay(table, "resume_after"));
  TRY(const auto unknown, table.text("if_unknown"));
  const auto& answers = names::kAnswers;
  if (unknown && std::find(answers.begin(), answers.end(), *unknown) == answers.end()) {
    return table.error("if_unknown", rules::unknown_name("answer", *unknown, names::spelled(names::kAnswers)));
  }
  rule.pause_if_unknown = !unknown || *unknown == answers.front();
  return {};
}

base::Result<int> finish_pause(lua_State* lua, Api& api) {
  pause::PauseRule rule{.title = opened_name(lua, api, "worker.pause_when"), .place = declared_at(lua, api)};
  TRY(const auto table,
      open_table(lua, "worker.pause_when", "worker.pause_when '" + rule.title + "'", names::kPauseWhenKeys, false));
  CHECK_OK(read_conditions(lua, table, rule));
  CHECK_OK(read_windows(table, api, rule));
  CHECK_OK(read_effect(table, rule));
  const bool measured = !rule.apps.empty() || rule.foreign_gpu || rule.user_active_within || rule.on_battery ||
                        rule.hotter_than || !rule.during.empty();
  if (!measured) {
    return table.error("apps",
                       "or another condition is needed: foreign_gpu, user_active_within, on_battery, "
                       "hotter_than, during");
  }
  for (const pause::PauseRule& earlier : api.rules.pauses) {
    if (earlier.title != rule.title) continue;
    return invalid("worker.pause_when '" + rule.title + "' is declared already at " + rules::to_string(earlier.place));
  }
  if (api.rules.pauses.size() == 1000) return invalid("worker.pause_when: there are 1000 entries already");
  api.rules.pauses.push_back(std::move(rule));
  return 0;
}

base::Result<int> declare_pause(lua_State* lua, Api& api) {
  return open_named<&finish_pause>(lua, api, "worker.pause_when");
}

}  // namespace

void add_pause_declarations(lua_State* lua) {
  add_functions(lua, {{names::function_name("pause_when"), &api_entry<&declare_pause>}});
}

}  // namespace policy::lua
