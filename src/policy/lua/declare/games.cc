#include "job/kind_names.h"
#include "policy/lua/declare/declare.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

base::Status read_kinds(const TableReader& table, rules::GameRule& rule) {
  TRY(const auto names, table.texts("kinds"));
  for (const std::string& name : names) {
    const auto kind = job::parse_kind(name);
    if (kind) {
      rule.kinds.push_back(*kind);
      continue;
    }
    return table.error("kinds", rules::unknown_name("kind", name, names::spelled(job::kKindNames)));
  }
  if (table.has("kinds") && names.empty()) return table.error("kinds", "is empty; write accept = false instead");
  return {};
}

base::Status read_quota(const TableReader& game, Api& api, rules::GameRule& rule) {
  TRY(const auto table, game.table("quota", names::kQuotaKeys));
  if (!table) return {};
  rules::Quota quota;
  TRY(quota.jobs, table->count("jobs"));
  TRY(quota.gpu_time, table->span("gpu_time"));
  if (!quota.jobs && !quota.gpu_time) return table->error("jobs", "or 'gpu_time' is needed");
  if (quota.gpu_time == base::Duration()) {
    return table->error("gpu_time", "must be more than 0; write accept = false instead");
  }
  TRY(const auto per, table->text("per"));
  if (!per) return table->error("per", "is missing: 'day', 'week' or the name of a window");
  quota.per = *per;
  // The window may be declared in a later file.
  api.references.push_back({*per, rule.place, true});
  rule.quota = std::move(quota);
  return {};
}

base::Result<int> finish_game(lua_State* lua, Api& api) {
  rules::GameRule rule{.pattern = opened_name(lua, api, "worker.game"), .place = declared_at(lua, api)};
  TRY(const auto table, open_table(lua, "worker.game", "worker.game '" + rule.pattern + "'", names::kGameKeys, false));
  TRY(const auto accept, table.flag("accept"));
  rule.accept = accept.value_or(true);
  CHECK_OK(read_kinds(table, rule));
  TRY(rule.models, table.texts("models"));
  if (table.has("models") && rule.models.empty()) {
    return table.error("models", "is empty; leave it out for every model");
  }
  TRY(rule.max_vram, table.size("max_vram"));
  TRY(rule.max_time, table.span("max_time"));
  CHECK_OK(read_quota(table, api, rule));
  TRY(const auto reason, table.text("reason"));
  rule.reason = reason.value_or("");
  for (const rules::GameRule& earlier : api.rules.games) {
    if (earlier.pattern != rule.pattern) continue;
    return invalid("worker.game '" + rule.pattern + "' is declared already at " + rules::to_string(earlier.place));
  }
  api.rules.games.push_back(std::move(rule));
  return 0;
}

base::Result<int> declare_game(lua_State* lua, Api& api) {
  return open_named<&finish_game>(lua, api, "worker.game");
}

}  // namespace

void add_game_declarations(lua_State* lua) {
  add_functions(lua, {{names::function_name("game"), &api_entry<&declare_game>}});
}

}  // namespace policy::lua
