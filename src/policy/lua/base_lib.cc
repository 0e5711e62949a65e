#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/lua/libraries.h"
#include "policy/lua/state.h"

namespace policy::lua {
namespace {

constexpr std::uint64_t kKeyCost = 20;  // instructions: to find a key and put it in order

struct Key {
  int rank = 0;  // numbers, strings, booleans, the rest
  double number = 0;
  std::string_view text;
  int position = 0;  // in the list of keys as they were found

  bool operator<(const Key& other) const {
    if (rank != other.rank) return rank < other.rank;
    if (number < other.number || number > other.number) return number < other.number;
    if (text != other.text) return text < other.text;
    return position < other.position;
  }
};

Key key_at(lua_State* lua, int index, int position) {
  switch (lua_type(lua, index)) {
    case LUA_TNUMBER:
      return {0, lua_tonumber(lua, index), {}, position};
    case LUA_TSTRING: {
      std::size_t length = 0;
      const char* text = lua_tolstring(lua, index, &length);
      return {1, 0, {text, length}, position};
    }
    case LUA_TBOOLEAN:
      return {2, static_cast<double>(lua_toboolean(lua, index)), {}, position};
    default:
      return {3, 0, {}, position};
  }
}

/// Replaces a read-only view at `index` by the table behind it.
void look_behind(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) == 0) return;
  lua_getfield(lua, -1, "__index");
  if (lua_istable(lua, -1)) lua_replace(lua, index);
  lua_settop(lua, index);
}

/// Pushes a list of the keys of the table at 1, in order.
void push_sorted_keys(lua_State* lua) {
  std::vector<Key> keys;
  lua_newtable(lua);
  const int found = lua_gettop(lua);
  lua_pushnil(lua);
  while (lua_next(lua, 1) != 0) {
    lua_pop(lua, 1);
    const int position = static_cast<int>(keys.size()) + 1;
    if (!State::of(lua).charge(kKeyCost)) {
      lua_settop(lua, found);
      break;
    }
    keys.push_back(key_at(lua, -1, position));
    lua_pushvalue(lua, -1);
    lua_rawseti(lua, found, position);
  }
  std::sort(keys.begin(), keys.end());
  lua_createtable(lua, static_cast<int>(keys.size()), 0);
  int position = 0;
  for (const Key& key : keys) {
    lua_rawgeti(lua, found, key.position);
    lua_rawseti(lua, -2, ++position);
  }
  lua_remove(lua, found);
}

/// Upvalues: the keys, how many were given, the table.
int next_pair(lua_State* lua) {
  auto position = static_cast<int>(lua_tointeger(lua, lua_upvalueindex(2)));
  for (;;) {
    lua_rawgeti(lua, lua_upvalueindex(1), ++position);
    if (lua_isnil(lua, -1)) return 1;
    lua_pushvalue(lua, -1);
    lua_rawget(lua, lua_upvalueindex(3));
    if (!lua_isnil(lua, -1)) break;
    lua_pop(lua, 2);  // removed during the loop
  }
  lua_pushinteger(lua, position);
  lua_replace(lua, lua_upvalueindex(2));
  return 2;
}

}  // namespace

int base_pairs(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 1);
  look_behind(lua, 1);
  push_sorted_keys(lua);
  lua_pushinteger(lua, 0);
  lua_pushvalue(lua, 1);
  lua_pushcclosure(lua, &next_pair, 3);
  return 1;
}

int base_next(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 2);
  const int after = 2;
  lua_pushvalue(lua, 1);
  look_behind(lua, 3);
  lua_replace(lua, 1);
  push_sorted_keys(lua);
  int position = 1;
  if (!lua_isnil(lua, after)) {
    for (;; ++position) {
      lua_rawgeti(lua, 3, position);
      if (lua_isnil(lua, -1)) return luaL_error(lua, "next: the key is not in the table");
      const bool found = lua_rawequal(lua, -1, after) != 0;
      lua_pop(lua, 1);
      if (found) break;
    }
    ++position;
  }
  lua_rawgeti(lua, 3, position);
  if (lua_isnil(lua, -1)) return 1;
  lua_pushvalue(lua, -1);
  lua_rawget(lua, 1);
  return 2;
}

int base_tostring(lua_State* lua) {
  luaL_checkany(lua, 1);
  switch (lua_type(lua, 1)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
      lua_settop(lua, 1);
      lua_tostring(lua, 1);
      return 1;
    case LUA_TBOOLEAN:
      lua_pushstring(lua, lua_toboolean(lua, 1) != 0 ? "true" : "false");
      return 1;
    default:
      lua_pushstring(lua, luaL_typename(lua, 1));
      return 1;
  }
}

int math_random(lua_State* lua) {
  const double fraction = State::of(lua).next_random();
  if (lua_gettop(lua) == 0) {
    lua_pushnumber(lua, fraction);
    return 1;
  }
  const double first = lua_gettop(lua) > 1 ? luaL_checknumber(lua, 1) : 1;
  const double last = luaL_checknumber(lua, lua_gettop(lua) > 1 ? 2 : 1);
  if (!(first <= last)) return luaL_error(lua, "math.random: the interval is empty");
  lua_pushnumber(lua, first + std::floor(fraction * (last - first + 1)));
  return 1;
}

int table_concat(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  State::of(lua).charge(lua_objlen(lua, 1));
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

int enter_pcall(lua_State* lua) {
  const auto number = State::of(lua).enter_pcall();
  if (!number) return luaL_error(lua, "pcall: more than 200 are open");
  lua_pushinteger(lua, *number);
  return 1;
}

int leave_pcall(lua_State* lua) {
  const bool failed = lua_toboolean(lua, 2) == 0;
  const char* error = failed && lua_type(lua, 3) == LUA_TSTRING ? lua_tostring(lua, 3) : nullptr;
  // What is raised here is what the limit raises at the next instruction anyway.
  if (!State::of(lua).leave_pcall(static_cast<int>(lua_tointeger(lua, 1)), failed, error)) return lua_error(lua);
  return lua_gettop(lua) - 1;
}

const char* const kPrelude = R"lua(
local string, table, scan, concat, pcall, enter_pcall, leave_pcall = ...
local byte, sub = string.byte, string.sub

function string.gmatch(text, pattern)
  local at = 1
  local function step(first, last, ...)
    if not first then
      at = #text + 2
      return nil
    end
    at = (last >= first and last or first) + 1
    return ...
  end
  return function()
    if at > #text + 1 then return nil end
    return step(scan(text, pattern, at))
  end
end

local function expanded(template, whole, ...)
  local parts, from, i = {}, 1, 1
  while i <= #template do
    if byte(template, i) == 37 then
      parts[#parts + 1] = sub(template, from, i - 1)
      local digit = (byte(template, i + 1) or 0) - 48
      if digit == 0 then
        parts[#parts + 1] = whole
      elseif digit >= 1 and digit <= 9 then
        local capture = select(digit, ...)
        if capture == nil then error('string.gsub: the replacement names a capture that does not exist', 0) end
        parts[#parts + 1] = capture
      else
        parts[#parts + 1] = sub(template, i + 1, i + 1)
      end
      i = i + 1
      from = i + 1
    end
    i = i + 1
  end
  parts[#parts + 1] = sub(template, from)
  return concat(parts)
end

local function replacement(with, whole, ...)
  local kind, value = type(with), nil
  if kind == 'string' or kind == 'number' then return expanded(tostring(with), whole, ...) end
  if kind == 'table' then
    value = with[(...)]
  elseif kind == 'function' then
    value = with(...)
  else
    error('string.gsub: the replacement must be a string, a table or a function', 0)
  end
  if not value then return whole end
  if type(value) ~= 'string' and type(value) ~= 'number' then
    error('string.gsub: a replacement is a ' .. type(value), 0)
  end
  return value
end

function string.gsub(text, pattern, with, most)
  local parts, count, at = {}, 0, 1
  local function step(first, last, ...)
    if not first then return false end
    count = count + 1
    parts[#parts + 1] = sub(text, at, first - 1)
    parts[#parts + 1] = replacement(with, sub(text, first, last), ...)
    if last >= first then
      at = last + 1
    else
      parts[#parts + 1] = sub(text, first, first)
      at = first + 1
    end
    return byte(pattern, 1) ~= 94
  end
  while (not most or count < most) and at <= #text + 1 and step(scan(text, pattern, at)) do end
  parts[#parts + 1] = sub(text, at)
  return concat(parts), count
end

function table.insert(list, ...)
  local size = #list
  if select('#', ...) == 1 then
    list[size + 1] = (...)
    return
  end
  local position, value = ...
  for i = size, position, -1 do list[i + 1] = list[i] end
  list[position] = value
end

function table.remove(list, position)
  local size = #list
  position = position or size
  local value = list[position]
  for i = position, size - 1 do list[i] = list[i + 1] end
  if position <= size then list[size] = nil end
  return value
end

-- Merge sort: an inconsistent order gives a wrong order, never an endless loop.
function table.sort(list, before)
  before = before or function(a, b) return a < b end
  local size, width = #list, 1
  local from, to = {}, {}
  for i = 1, size do from[i] = list[i] end
  while width < size do
    for start = 1, size, 2 * width do
      local left, left_end = start, start + width
      local right, right_end = left_end, start + 2 * width
      for i = start, right_end <= size and right_end - 1 or size do
        if left < left_end and left <= size
          and not (right < right_end and right <= size and before(from[right], from[left])) then
          to[i] = from[left]
          left = left + 1
        else
          to[i] = from[right]
          right = right + 1
        end
      end
    end
    from, to = to, from
    width = 2 * width
  end
  for i = 1, size do list[i] = from[i] end
end

return function(...)
  return leave_pcall(enter_pcall(), pcall(...))
end
)lua";

}  // namespace policy::lua
