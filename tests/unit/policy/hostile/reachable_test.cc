// What a policy can reach is a published list: whatever is added to the sandbox by mistake shows up here.

#include <deque>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "policy/lua/api.h"
#include "policy/lua/sense/sense.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

/// Walks tables, metatables, upvalues and the environments of Lua functions, breadth first.
class Walk {
 public:
  explicit Walk(lua_State* lua) : lua_(lua) {}

  /// The value on the top of the stack, which is popped.
  void start(const std::string& path) {
    meet(path);
    while (!waiting_.empty()) {
      const auto [next, reference] = waiting_.front();
      waiting_.pop_front();
      lua_rawgeti(lua_, LUA_REGISTRYINDEX, reference);
      if (lua_istable(lua_, -1))
        look_into_table(next);
      else
        look_into_function(next);
      lua_pop(lua_, 1);
    }
  }

  /// The metatable that all values of a type share.
  void start_at_metatable(const std::string& path) {
    if (lua_getmetatable(lua_, -1) != 0) start(path);
    lua_pop(lua_, 1);
  }

  std::string listing() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }

 private:
  void meet(const std::string& path) {
    const int type = lua_type(lua_, -1);
    const bool compound = type == LUA_TTABLE || type == LUA_TFUNCTION;
    const void* identity = lua_topointer(lua_, -1);
    const auto known = seen_.find(identity);
    if (compound && known != seen_.end()) {
      lines_.insert(path + " = " + known->second);
      lua_pop(lua_, 1);
      return;
    }
    std::string what = lua_typename(lua_, type);
    if (type == LUA_TFUNCTION) what = lua_iscfunction(lua_, -1) != 0 ? "C function" : "Lua function";
    lines_.insert(path + ": " + what);
    if (!compound) {
      lua_pop(lua_, 1);
      return;
    }
    seen_[identity] = path;
    waiting_.emplace_back(path, luaL_ref(lua_, LUA_REGISTRYINDEX));
  }

  void look_into_table(const std::string& path) {
    const int table = lua_gettop(lua_);
    if (lua_getmetatable(lua_, table) != 0) meet(path + ".<metatable>");
    std::map<std::string, int> values;
    lua_pushnil(lua_);
    while (lua_next(lua_, table) != 0) {
      const bool named = lua_type(lua_, -2) == LUA_TSTRING;
      const std::string key = named ? lua_tostring(lua_, -2) : "<" + std::string(luaL_typename(lua_, -2)) + ">";
      values[key] = luaL_ref(lua_, LUA_REGISTRYINDEX);
    }
    // What stands behind a read-only view is written as if it stood in it.
    constexpr std::string_view kBehind = ".<metatable>.__index";
    const auto owner = path.ends_with(kBehind) ? path.substr(0, path.size() - kBehind.size()) : path;
    for (const auto& [key, reference] : values) {
      lua_rawgeti(lua_, LUA_REGISTRYINDEX, reference);
      meet(owner + "." + key);
    }
  }

  void look_into_function(const std::string& path) {
    const int function = lua_gettop(lua_);
    const bool lua_code = lua_iscfunction(lua_, function) == 0;
    for (int i = 1; const char* name = lua_getupvalue(lua_, function, i); ++i) {
      meet(path + ".<upvalue " + (lua_code ? std::string(name) : std::to_string(i)) + ">");
    }
    if (!lua_code) return;
    lua_getfenv(lua_, function);
    meet(path + ".<environment>");
  }

  lua_State* lua_;
  std::map<const void*, std::string> seen_;
  std::deque<std::pair<std::string, int>> waiting_;
  std::set<std::string> lines_;
};

std::string reachable() {
  lua::Api api;
  const auto state = lua::State::create(32 * base::kMiB);
  EXPECT_FALSE(api.install(*state, {}));
  job::MachineFacts facts;
  facts.apps.value = std::vector<std::string>{"maya"};
  facts.gpus.value = std::vector<job::GpuFacts>{{.name = "Card", .foreign = std::vector<job::GpuProcess>{{"nuke", 1}}}};
  EXPECT_FALSE(lua::begin_sense(*state, api, facts, {}));
  lua_State* lua = state->raw();
  Walk walk(lua);
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  walk.start("_G");
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.worker);
  walk.start("require 'worker'");
  for (const std::string_view event : kHookEventNames) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, api.views[*parse_hook_event(event)]);
    walk.start("facts of " + std::string(event));
  }
  lua_pushliteral(lua, "");
  walk.start_at_metatable("''.<metatable>");
  lua_pushnil(lua);
  walk.start_at_metatable("nil.<metatable>");
  lua_pushnumber(lua, 1);
  walk.start_at_metatable("1.<metatable>");
  lua_pushboolean(lua, 1);
  walk.start_at_metatable("true.<metatable>");
  lua_pushlightuserdata(lua, &walk);
  walk.start_at_metatable("verdict.<metatable>");
  lua_getfield(lua, LUA_GLOBALSINDEX, "require");
  walk.start_at_metatable("function.<metatable>");
  return walk.listing();
}

TEST(Sandbox, ReachesThePublishedNamesAndNoOthers) {
  std::ifstream file(STUDIO_SOURCE_DIR "/tests/hostile/reachable.txt");
  std::ostringstream published;
  published << file.rdbuf();
  const auto found = reachable();
  EXPECT_EQ(found, published.str()) << "when it is meant to be so, save this as tests/hostile/reachable.txt:\n"
                                    << found;
}

}  // namespace
}  // namespace policy::test
