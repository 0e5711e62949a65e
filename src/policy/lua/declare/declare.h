#pragma once
// What the declarations of a policy have in common: `worker.window 'night' { ... }` and its like, read while it loads.

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>

#include "policy/lua/api.h"
#include "policy/lua/table_reader.h"
#include "policy/names/functions.h"
#include "policy/names/tables.h"

namespace policy::lua {

inline base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

/// Errors: kInvalid inside of a hook.
inline base::Status while_loading(const Api& api, std::string_view what) {
  if (api.loading) return {};
  return invalid(std::string(what) + " is a declaration: it belongs outside of hooks");
}

/// `problem`, and how the declaration is written.
inline base::Error wrong_form(std::string_view declaration, std::string problem) {
  return invalid(std::move(problem) + "; write it like " + std::string(names::example_of(declaration)));
}

/// Refuses a value behind the first `count`: it would be left out without a word.
inline base::Status check_count(lua_State* lua, int count, std::string_view declaration, std::string_view takes) {
  for (int i = count + 1; i <= lua_gettop(lua); ++i) {
    if (lua_isnil(lua, i)) continue;
    return wrong_form(declaration, std::string(declaration) + " takes only " + std::string(takes) + ", and here a " +
                                       luaL_typename(lua, i) + " follows inside of the parentheses");
  }
  return {};
}

/// `worker.window 'night'`: keeps the name and waits for the table.
template <ApiFunction Finish>
base::Result<int> open_named(lua_State* lua, Api& api, std::string_view declaration) {
  CHECK_OK(while_loading(api, declaration));
  if (lua_type(lua, 1) != LUA_TSTRING) {
    return wrong_form(declaration, std::string(declaration) + ": the name comes first and must be a string, not a " +
                                       luaL_typename(lua, 1));
  }
  CHECK_OK(check_count(lua, 1, declaration, "a name"));
  TRY(const auto name, read_text(lua, 1, std::string(declaration) + ": the name"));
  api.opened.push_back({std::string(declaration) + " '" + name + "'", declared_at(lua, api)});
  lua_pushlstring(lua, name.data(), name.size());
  lua_pushcclosure(lua, &api_entry<Finish>, 1);
  return 1;
}

/// The name that `open_named` kept. Ends the wait for the table.
inline std::string opened_name(lua_State* lua, Api& api, std::string_view declaration) {
  std::string name = lua_tostring(lua, lua_upvalueindex(1));
  const std::string what = std::string(declaration) + " '" + name + "'";
  const auto found = std::find_if(api.opened.rbegin(), api.opened.rend(),
                                  [&](const Api::Opened& candidate) { return candidate.what == what; });
  if (found != api.opened.rend()) api.opened.erase(std::next(found).base());
  return name;
}

/// The table of `worker.window 'night' { ... }`, which messages call `what`, or that of `worker.vram { ... }`.
inline base::Result<TableReader> open_table(lua_State* lua, std::string_view declaration, std::string what,
                                            std::span<const names::Name> keys, bool list) {
  if (lua_type(lua, 1) != LUA_TTABLE) {
    return wrong_form(declaration, std::move(what) + " needs a table, not a " + luaL_typename(lua, 1));
  }
  CHECK_OK(check_count(lua, 1, declaration, "one table"));
  return TableReader::open(lua, 1, std::move(what), keys, list);
}

/// Into the table at the top of the stack.
inline void add_functions(lua_State* lua, std::initializer_list<luaL_Reg> functions) {
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
  }
}

/// zone, window, dates, accept_during.
void add_time_declarations(lua_State* lua);
/// game.
void add_game_declarations(lua_State* lua);
/// vram.
void add_vram_declarations(lua_State* lua);
/// pause_when.
void add_pause_declarations(lua_State* lua);
/// log_to.
void add_log_declarations(lua_State* lua);
/// on.
void add_hook_declarations(lua_State* lua);

}  // namespace policy::lua
