#include "policy/lua/declare/declare.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

base::Result<int> declare_hook(lua_State* lua, Api& api) {
  CHECK_OK(while_loading(api, "worker.on"));
  if (lua_type(lua, 1) != LUA_TSTRING) {
    return wrong_form("worker.on", std::string("worker.on: the event comes first and must be a string, not a ") +
                                       luaL_typename(lua, 1));
  }
  TRY(const auto event, read_text(lua, 1, "worker.on: the event"));
  const auto known = parse_hook_event(event);
  if (!known) return invalid("worker.on: " + rules::unknown_name("event", event, names::spelled(kHookEventNames)));
  if (lua_type(lua, 2) != LUA_TFUNCTION || lua_iscfunction(lua, 2) != 0) {
    return wrong_form("worker.on", "worker.on '" + event + "' needs a function as its second argument");
  }
  CHECK_OK(check_count(lua, 2, "worker.on", "an event and one function"));
  Hooks& hooks = api.hooks[*known];
  if (hooks.size() == 100) return invalid("worker.on: there are 100 hooks of it already");
  lua_pushvalue(lua, 2);
  hooks.push_back({luaL_ref(lua, LUA_REGISTRYINDEX), declared_at(lua, api)});
  return 0;
}

}  // namespace

void add_hook_declarations(lua_State* lua) {
  add_functions(lua, {{names::function_name("on"), &api_entry<&declare_hook>}});
}

}  // namespace policy::lua
