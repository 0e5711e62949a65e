#pragma once
// The library functions of a policy that are ours instead of LuaJIT's: ordered, bounded, without surprises.

#include <lua.hpp>

namespace policy::lua {

// Base. `pairs` and `next` go through a table in one order on every machine: numbers, strings, the rest.
int base_pairs(lua_State* lua);
int base_next(lua_State* lua);
int base_tostring(lua_State* lua);  // no addresses, no metamethods

// Around the C library's pcall. What `enter_pcall` gives is the first argument of `leave_pcall`; the results of the
// pcall are the others, and are given back.
int enter_pcall(lua_State* lua);
int leave_pcall(lua_State* lua);

// Strings. `find` and `match` are Matcher; `scan` is what gmatch and gsub of the prelude are made of.
int string_find(lua_State* lua);
int string_match(lua_State* lua);
int string_scan(lua_State* lua);
int string_rep(lua_State* lua);

/// Seeded with `seed_random`, so that a decision can be repeated.
int math_random(lua_State* lua);

/// Upvalue 1: the C library's function. Charges the length of the table first.
int table_concat(lua_State* lua);

// The rest is Lua, because a C function that calls back into Lua can exhaust the C stack.
/// Called with the string table, the table table, `scan`, `concat`, the C library's pcall and what goes around it; adds
/// to both tables and gives the policy's pcall.
extern const char* const kPrelude;
/// Its name in messages; no possible file name.
constexpr const char* kPreludeName = "(policy runtime)";

}  // namespace policy::lua
