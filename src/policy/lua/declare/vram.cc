#include "policy/lua/declare/declare.h"

namespace policy::lua {
namespace {

base::Result<int> declare_vram(lua_State* lua, Api& api) {
  CHECK_OK(while_loading(api, "worker.vram"));
  TRY(const auto table, open_table(lua, "worker.vram", "worker.vram", names::kVramKeys, false));
  rules::VramRule rule{.place = declared_at(lua, api)};
  TRY(rule.keep_free, table.size("keep_free"));
  TRY(const auto at_most, table.text("at_most"));
  if (at_most && at_most->find('%') != std::string::npos) {
    const auto percent = rules::parse_percent(*at_most);
    if (!percent) return table.error("at_most", percent.error().message);
    rule.at_most_percent = *percent;
  } else if (at_most) {
    TRY(rule.at_most, table.size("at_most"));
  }
  if (!rule.keep_free && !at_most) return table.error("keep_free", "or 'at_most' is needed");
  TRY(rule.gpus, table.indices("gpus"));
  TRY(const auto during, table.text("during"));
  rule.during = during.value_or("");
  if (during) api.references.push_back({*during, rule.place});
  if (api.rules.vram.size() == 1000) return invalid("worker.vram: there are 1000 entries already");
  api.rules.vram.push_back(std::move(rule));
  return 0;
}

}  // namespace

void add_vram_declarations(lua_State* lua) {
  add_functions(lua, {{names::function_name("vram"), &api_entry<&declare_vram>}});
}

}  // namespace policy::lua
