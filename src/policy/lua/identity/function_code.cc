#include "policy/lua/identity/function_code.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "policy/lua/identity/tokens.h"

namespace policy::lua {
namespace {

constexpr std::size_t kDeepest = 20;  // of tables in tables and functions that use functions
constexpr int kMostValues = 20'000;

/// Nothing here calls Lua code or makes a Lua value: no error can be raised past a destructor.
class Writer {
 public:
  Writer(lua_State* lua, const Api& api) : lua_(lua), api_(api) {}

  /// Writes the value at the top of the stack and pops it.
  void value() {
    const int index = lua_gettop(lua_);
    const int type = lua_type(lua_, index);
    const void* const identity = lua_topointer(lua_, index);
    const auto open = std::find(around_.begin(), around_.end(), identity);
    if (type != LUA_TFUNCTION && type != LUA_TTABLE) {
      plain(index);
    } else if (open != around_.end()) {
      text_ += "itself, up " + std::to_string(around_.end() - open);
    } else if (around_.size() < kDeepest && ++values_ < kMostValues) {
      around_.push_back(identity);
      if (type == LUA_TFUNCTION)
        function(index);
      else
        table(index);
      around_.pop_back();
    }
    lua_settop(lua_, index - 1);
  }

  std::string take() { return std::move(text_); }

 private:
  void plain(int index) {
    if (lua_type(lua_, index) == LUA_TSTRING) {
      std::size_t length = 0;
      const char* const text = lua_tolstring(lua_, index, &length);
      text_ += '"' + std::string(text, length) + '"';
    } else if (lua_type(lua_, index) == LUA_TNUMBER) {
      char digits[40];
      std::snprintf(digits, sizeof digits, "%.17g", lua_tonumber(lua_, index));
      text_ += digits;
    } else if (lua_type(lua_, index) == LUA_TBOOLEAN) {
      text_ += lua_toboolean(lua_, index) != 0 ? "true" : "false";
    } else {
      text_ += lua_isnil(lua_, index) ? "nil" : "host";
    }
  }

  void function(int index) {
    lua_Debug about{};
    lua_pushvalue(lua_, index);
    lua_getinfo(lua_, ">S", &about);
    const std::string_view name = about.source == nullptr ? "" : about.source;
    const auto file = std::find_if(api_.files.begin(), api_.files.end(), [name](const Api::File& one) {
      return name.starts_with('=') && name.substr(1) == one.name;
    });
    if (file == api_.files.end()) {
      text_ += "host";
      return;
    }
    for (const auto& token : tokens_of(file->text, about.linedefined, about.lastlinedefined)) text_ += token + ' ';
    int number = 0;
    while (const char* const local = lua_getupvalue(lua_, index, ++number)) {
      text_ += '\n' + std::string(local) + " = ";
      value();
    }
  }

  void table(int index) {
    if (lua_getmetatable(lua_, index) != 0) {
      lua_pop(lua_, 1);
      text_ += "host";  // policies cannot set one
      return;
    }
    std::string before;
    std::swap(before, text_);
    std::vector<std::string> entries;
    lua_pushnil(lua_);
    while (lua_next(lua_, index) != 0) {
      text_.clear();
      plain(index + 1);
      text_ += " = ";
      value();
      entries.push_back(std::move(text_));
    }
    std::sort(entries.begin(), entries.end());
    text_ = std::move(before) + "{ ";
    for (const auto& entry : entries) text_ += entry + ", ";
    text_ += '}';
  }

  lua_State* lua_;
  const Api& api_;
  std::string text_;
  std::vector<const void*> around_;  // what is being written
  int values_ = 0;
};

struct Request {
  const Api& api;
  int function;
  std::string text;
};

int write(lua_State* lua) {
  auto& request = *static_cast<Request*>(lua_touserdata(lua, 1));
  luaL_checkstack(lua, 6 * static_cast<int>(kDeepest), "code");
  lua_rawgeti(lua, LUA_REGISTRYINDEX, request.function);
  Writer writer(lua, request.api);
  writer.value();
  request.text = writer.take();
  return 0;
}

}  // namespace

std::string code_of(State& state, const Api& api, int function) {
  Request request{api, function, {}};
  if (state.protect(&write, &request)) return {};
  return std::move(request.text);
}

}  // namespace policy::lua
