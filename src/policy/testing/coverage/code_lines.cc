#include "policy/testing/coverage/code_lines.h"

#include <lua.hpp>

namespace policy::testing {
namespace {

/// Gives a function that lists the lines of every function inside of a chunk. The last instruction of a function
/// returns from behind its end, so it has no line that anybody wrote.
constexpr const char* kWalk = R"(
local util = require 'jit.util'
local function opcode(code, at) return bit.band(util.funcbc(code, at), 0xFF) end
local returns_nothing = opcode(loadstring(''), 1)
local function walk(code, inside, lines)
  local info = util.funcinfo(code)
  local last = info.bytecodes - 1
  for at = 1, inside and last or 0 do
    local line = util.funcinfo(code, at).currentline
    local behind_end = at == last and opcode(code, at) == returns_nothing and line == info.lastlinedefined and
                           line ~= info.linedefined
    if line > 0 and not behind_end then lines[#lines + 1] = line end
  end
  for constant = -1, info.children and -info.gcconsts or 0, -1 do
    local child = util.funck(code, constant)
    if type(child) == 'proto' then walk(child, true, lines) end
  end
  return lines
end
return function(chunk) return walk(chunk, false, {}) end
)";

}  // namespace

void CodeLines::Close::operator()(lua_State* lua) const {
  lua_close(lua);
}

CodeLines::CodeLines() : lua_(luaL_newstate()) {
  if (!lua_) return;
  luaL_openlibs(lua_.get());
  if (luaL_loadstring(lua_.get(), kWalk) == 0 && lua_pcall(lua_.get(), 0, 1, 0) == 0) {
    walk_ = luaL_ref(lua_.get(), LUA_REGISTRYINDEX);
  }
}

std::set<int> CodeLines::of(const std::string& name, const std::string& text) {
  std::set<int> lines;
  lua_State* lua = lua_.get();
  if (walk_ == 0) return lines;
  const int top = lua_gettop(lua);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, walk_);
  // Text only: nobody vouches for bytecode.
  const bool compiled = luaL_loadbufferx(lua, text.data(), text.size(), ("=" + name).c_str(), "t") == 0;
  if (compiled && lua_pcall(lua, 1, 1, 0) == 0) {
    for (int i = 1; i <= static_cast<int>(lua_objlen(lua, -1)); ++i) {
      lua_rawgeti(lua, -1, i);
      lines.insert(static_cast<int>(lua_tointeger(lua, -1)));
      lua_pop(lua, 1);
    }
  }
  lua_settop(lua, top);
  return lines;
}

}  // namespace policy::testing
