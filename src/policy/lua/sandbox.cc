#include "policy/lua/sandbox.h"

#include <algorithm>
#include <span>
#include <string>

#include "policy/lua/libraries.h"
#include "policy/names/library.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

/// Runs `luaopen` and leaves its table on the stack.
void open_library(lua_State* lua, lua_CFunction luaopen, const char* name) {
  lua_pushcfunction(lua, luaopen);
  lua_pushstring(lua, name);
  lua_call(lua, 1, 1);
}

/// Copies the listed entries of the table at the top into a new table, which takes its place.
void keep_only(lua_State* lua, std::span<const names::Word> words) {
  lua_newtable(lua);
  for (const names::Word word : words) {
    lua_getfield(lua, -2, word.data());
    lua_setfield(lua, -2, word.data());
  }
  lua_remove(lua, -2);
}

void set_function(lua_State* lua, const char* name, lua_CFunction function) {
  lua_pushcfunction(lua, function);
  lua_setfield(lua, -2, name);
}

int refuse_write(lua_State* lua) {
  lua_pushvalue(lua, lua_upvalueindex(1));
  if (lua_type(lua, 2) == LUA_TSTRING) {
    lua_pushliteral(lua, ": '");
    lua_pushvalue(lua, 2);
    lua_pushliteral(lua, "'");
    lua_concat(lua, 4);
  }
  return lua_error(lua);
}

int unknown_global(lua_State* lua) {
  {
    const auto name = name_at(lua, 2);
    std::string text;
    for (const names::Absent& absent : names::kAbsent) {
      if (absent.name == name) text = "'" + std::string(name) + "' does not exist here: " + absent.advice;
    }
    if (text.empty()) {
      auto known = names_behind(lua, 1);
      text = rules::nearest(name, known).empty()
                 ? "unknown name '" + std::string(name.substr(0, 100)) + "': declare it with 'local' first"
                 : rules::unknown_name("name", name, known);
    }
    lua_pushlstring(lua, text.data(), text.size());
  }
  return lua_error(lua);
}

/// Runs the prelude, which adds to both tables and gives the environment its pcall.
void run_prelude(lua_State* lua, int environment, int strings, int tables) {
  const std::string_view source = kPrelude;
  const std::string name = "=" + std::string(kPreludeName);
  if (luaL_loadbuffer(lua, source.data(), source.size(), name.c_str()) != 0) lua_error(lua);
  // While it is compiled and run its globals are those of the library; policy code never sees them.
  lua_pushvalue(lua, strings);
  lua_pushvalue(lua, tables);
  lua_pushcfunction(lua, &string_scan);
  lua_getfield(lua, tables, "concat");
  lua_getfield(lua, environment, "pcall");
  lua_pushcfunction(lua, &enter_pcall);
  lua_pushcfunction(lua, &leave_pcall);
  lua_call(lua, 7, 1);
  lua_setfield(lua, environment, "pcall");
}

void build_libraries(lua_State* lua, int environment) {
  open_library(lua, &luaopen_math, "math");
  keep_only(lua, names::kMath);
  set_function(lua, "random", &math_random);
  push_read_only(lua, &unknown_name, "the math library cannot be changed");
  lua_setfield(lua, environment, "math");

  open_library(lua, &luaopen_bit, "bit");
  keep_only(lua, names::kBit);
  push_read_only(lua, &unknown_name, "the bit library cannot be changed");
  lua_setfield(lua, environment, "bit");

  open_library(lua, &luaopen_string, "string");
  keep_only(lua, names::kString);
  set_function(lua, "find", &string_find);
  set_function(lua, "match", &string_match);
  set_function(lua, "rep", &string_rep);
  const int strings = lua_gettop(lua);

  open_library(lua, &luaopen_table, "table");
  lua_newtable(lua);
  lua_getfield(lua, -2, "concat");
  lua_pushcclosure(lua, &table_concat, 1);
  lua_setfield(lua, -2, "concat");
  lua_remove(lua, -2);
  const int tables = lua_gettop(lua);
  run_prelude(lua, environment, strings, tables);
  push_read_only(lua, &unknown_name, "the table library cannot be changed");
  lua_setfield(lua, environment, "table");

  // ("text"):upper() goes through the metatable of strings: the same names as the library, no others.
  push_read_only(lua, &unknown_name, "the string library cannot be changed");
  lua_pushliteral(lua, "");
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, strings);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
  lua_pop(lua, 1);
  lua_setfield(lua, environment, "string");
}

int build(lua_State* lua) {
  open_library(lua, &luaopen_base, "");
  lua_settop(lua, 0);
  lua_newtable(lua);
  const int environment = lua_gettop(lua);
  // Of these, `pcall` is replaced by the prelude's.
  for (const names::Function& function : names::kBaseFunctions) {
    lua_getglobal(lua, function.name.data());
    lua_setfield(lua, environment, function.name.data());
  }
  lua_pushvalue(lua, environment);
  set_function(lua, "pairs", &base_pairs);
  set_function(lua, "next", &base_next);
  set_function(lua, "tostring", &base_tostring);
  // The prelude's functions keep the environment in force while it runs: the allow-list, not the C library's globals.
  lua_replace(lua, LUA_GLOBALSINDEX);
  build_libraries(lua, environment);
  lua_settop(lua, environment);
  push_read_only(lua, &unknown_global, "globals cannot be set (write 'local' in front)");
  lua_replace(lua, LUA_GLOBALSINDEX);
  lua_pushnil(lua);
  lua_setfield(lua, LUA_REGISTRYINDEX, "_LOADED");
  return 0;
}

}  // namespace

std::optional<Failure> build_sandbox(State& state) {
  return state.protect(&build, nullptr);
}

void push_read_only(lua_State* lua, lua_CFunction missing, const char* refusal) {
  const int inner = lua_gettop(lua);
  lua_newtable(lua);  // the view: empty, so that every access goes through its metatable
  const int view = lua_gettop(lua);

  lua_createtable(lua, 0, 2);  // the metatable of the table itself: names that it lacks
  lua_pushcfunction(lua, missing);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, inner);

  lua_createtable(lua, 0, 2);
  lua_pushvalue(lua, inner);
  lua_setfield(lua, -2, "__index");
  lua_pushstring(lua, refusal);
  lua_pushcclosure(lua, &refuse_write, 1);
  lua_setfield(lua, -2, "__newindex");
  lua_setmetatable(lua, view);
  lua_remove(lua, inner);
}

void set_global(lua_State* lua, const char* name) {
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  lua_getmetatable(lua, -1);
  lua_getfield(lua, -1, "__index");
  lua_pushvalue(lua, -4);
  lua_setfield(lua, -2, name);
  lua_pop(lua, 4);
}

std::string_view name_at(lua_State* lua, int index) {
  if (lua_type(lua, index) != LUA_TSTRING) return luaL_typename(lua, index);
  std::size_t length = 0;
  const char* text = lua_tolstring(lua, index, &length);
  return {text, length};
}

std::vector<std::string_view> names_behind(lua_State* lua, int view) {
  std::vector<std::string_view> names;
  const int top = lua_gettop(lua);
  lua_pushvalue(lua, view);
  if (lua_getmetatable(lua, -1) != 0) {
    lua_getfield(lua, -1, "__index");
    if (!lua_istable(lua, -1)) lua_pop(lua, 2);  // the table itself was given
  }
  const int table = lua_gettop(lua);
  lua_pushnil(lua);
  while (lua_next(lua, table) != 0) {
    lua_pop(lua, 1);
    if (lua_type(lua, -1) == LUA_TSTRING) names.emplace_back(lua_tostring(lua, -1));
  }
  lua_settop(lua, top);
  return names;
}

int unknown_name(lua_State* lua) {
  {
    const auto text = rules::unknown_name("name", name_at(lua, 2), names_behind(lua, 1));
    lua_pushlstring(lua, text.data(), text.size());
  }
  return lua_error(lua);
}

int missing_fact(lua_State* lua, std::span<const std::string_view> known) {
  {
    const auto name = name_at(lua, 2);
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      lua_pushnil(lua);
      return 1;
    }
    const auto text = rules::unknown_name("fact", name, {known.begin(), known.end()});
    lua_pushlstring(lua, text.data(), text.size());
  }
  return lua_error(lua);
}

}  // namespace policy::lua
