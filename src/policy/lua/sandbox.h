#pragma once
// Sandbox: the environment of policy code, built by hand from an allow-list. What is not listed does not exist.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "policy/lua/state.h"

namespace policy::lua {

/// Replaces the globals of a fresh state. Requires: nothing was loaded into it yet. Fails only for lack of memory.
std::optional<Failure> build_sandbox(State& state);

/// Adds a global name, or overwrites it: the value on the top of the stack, which is popped.
void set_global(lua_State* lua, const char* name);

/// Replaces the table on the top of the stack by a read-only view of it. Reading a name that it lacks calls
/// `missing` (a C function with the view and the key as arguments), writing raises `refusal`.
void push_read_only(lua_State* lua, lua_CFunction missing, const char* refusal);

/// The name that was asked for, zero bytes and all; the type of what is no string.
std::string_view name_at(lua_State* lua, int index);

/// The names of the table behind a view. Pointers into Lua strings that the table keeps alive.
std::vector<std::string_view> names_behind(lua_State* lua, int view);

/// What a `missing` function of facts does: a known name that has no value is nil, another one is an error with the
/// nearest name.
int missing_fact(lua_State* lua, std::span<const std::string_view> known);

/// A `missing` function: unknown names are an error with the nearest name.
int unknown_name(lua_State* lua);

}  // namespace policy::lua
