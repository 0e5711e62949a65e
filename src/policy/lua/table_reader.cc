#include "policy/lua/table_reader.h"

#include <algorithm>
#include <cmath>

#include "base/text/utf8.h"
#include "policy/lua/api.h"
#include "policy/lua/sandbox.h"
#include "policy/rules/nearest.h"
#include "policy/rules/units.h"

namespace policy::lua {
namespace {

constexpr std::size_t kLongestText = 200;
constexpr std::size_t kLongestList = 1000;
constexpr double kLargestIndex = 1000;

}  // namespace

base::Result<std::string> read_text(lua_State* lua, int index, std::string_view what) {
  if (lua_type(lua, index) != LUA_TSTRING) {
    return base::Error{base::Code::kInvalid,
                       std::string(what) + " must be a string, not a " + luaL_typename(lua, index)};
  }
  std::size_t length = 0;
  const char* data = lua_tolstring(lua, index, &length);
  const std::string_view text(data, length);
  if (text.empty()) return base::Error{base::Code::kInvalid, std::string(what) + " is empty"};
  if (text.size() > kLongestText) {
    return base::Error{base::Code::kInvalid, std::string(what) + " is longer than 200 bytes"};
  }
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
  });
  // What is declared is kept outside of Lua's memory, and goes to the daemon.
  Api& api = *State::of(lua).api;
  if (api.loading && (api.kept_bytes += text.size() + sizeof(std::string)) > kMaxKeptBytes) {
    return base::Error{base::Code::kInvalid, std::string(what) + ": the policy declares more than 1 MiB of text"};
  }
  if (base::utf8_end(text) != text.size()) {
    return base::Error{base::Code::kInvalid, std::string(what) + " is not UTF-8"};
  }
  if (control) return base::Error{base::Code::kInvalid, std::string(what) + " holds a control character"};
  return std::string(text);
}

base::Result<TableReader> TableReader::open(lua_State* lua, int index, std::string what,
                                            std::span<const names::Name> keys, bool list) {
  if (lua_type(lua, index) != LUA_TTABLE) {
    return base::Error{base::Code::kInvalid, what + " needs a table, not a " + luaL_typename(lua, index)};
  }
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    lua_pop(lua, 1);
    if (lua_type(lua, -1) == LUA_TNUMBER && list) continue;
    if (lua_type(lua, -1) != LUA_TSTRING) {
      return base::Error{base::Code::kInvalid, what + " takes only named keys, found a " + luaL_typename(lua, -1)};
    }
    const auto key = name_at(lua, -1);
    if (names::find(keys, key) == nullptr) {
      return base::Error{base::Code::kInvalid, what + ": " + rules::unknown_name("key", key, names::spelled(keys))};
    }
  }
  return TableReader(lua, index, std::move(what), keys);
}

base::Error TableReader::error(std::string_view key, std::string_view problem) const {
  return {base::Code::kInvalid, what_ + ": " + std::string(key) + ": " + std::string(problem)};
}

void TableReader::get(const char* key) const {
  STUDIO_ASSERT(names::find(keys_, key) != nullptr);
  lua_getfield(lua_, index_, key);
}

bool TableReader::has(const char* key) const {
  get(key);
  return !lua_isnil(lua_, -1);
}

base::Result<std::optional<std::string>> TableReader::text(const char* key) const {
  get(key);
  if (lua_isnil(lua_, -1)) return std::optional<std::string>();
  TRY(auto value, read_text(lua_, -1, what_ + ": " + key));
  return std::optional(std::move(value));
}

base::Result<std::optional<bool>> TableReader::flag(const char* key) const {
  get(key);
  if (lua_isnil(lua_, -1)) return std::optional<bool>();
  if (!lua_isboolean(lua_, -1)) return error(key, "must be true or false");
  return std::optional(lua_toboolean(lua_, -1) != 0);
}

base::Result<std::optional<base::Bytes>> TableReader::size(const char* key) const {
  get(key);
  if (lua_isnil(lua_, -1)) return std::optional<base::Bytes>();
  if (lua_type(lua_, -1) != LUA_TSTRING) return error(key, "write it with a unit, like '12GiB'");
  const auto value = rules::parse_size(lua_tostring(lua_, -1));
  if (!value) return error(key, value.error().message);
  return std::optional(*value);
}

base::Result<std::optional<base::Duration>> TableReader::span(const char* key) const {
  get(key);
  if (lua_isnil(lua_, -1)) return std::optional<base::Duration>();
  if (lua_type(lua_, -1) != LUA_TSTRING) return error(key, "write it with a unit, like '20m'");
  const auto value = rules::parse_span(lua_tostring(lua_, -1));
  if (!value) return error(key, value.error().message);
  return std::optional(*value);
}

base::Result<std::optional<double>> TableReader::number(const char* key) const {
  lua_getfield(lua_, index_, key);
  if (lua_isnil(lua_, -1)) return std::optional<double>();
  constexpr double kMost = 1e15;
  const double value = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : -1;
  if (!(value >= 0 && value <= kMost)) return error(key, "must be a number from 0 on, without quotes");
  return std::optional(value);
}

base::Result<std::optional<std::uint64_t>> TableReader::count(const char* key) const {
  get(key);
  if (lua_isnil(lua_, -1)) return std::optional<std::uint64_t>();
  constexpr lua_Number kMost = 1e15;  // Lua's numbers are exact up to here
  const lua_Number number = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : 0;
  if (!(number >= 1 && number <= kMost) || number != std::floor(number)) {
    return error(key, "must be a whole number from 1 on, without quotes");
  }
  return std::optional(static_cast<std::uint64_t>(number));
}

base::Result<std::optional<TableReader>> TableReader::table(const char* key, std::span<const names::Name> keys) const {
  get(key);
  if (lua_isnil(lua_, -1)) return std::optional<TableReader>();
  if (lua_type(lua_, -1) != LUA_TTABLE) {
    return error(key, std::string("needs a table, not a ") + luaL_typename(lua_, -1) + ": write " + key + " = { ... }");
  }
  TRY(auto inner, open(lua_, lua_gettop(lua_), what_ + ": " + key, keys, false));
  return std::optional(std::move(inner));
}

base::Result<std::vector<std::string>> TableReader::texts(const char* key) const {
  get(key);
  if (lua_isnil(lua_, -1)) return std::vector<std::string>();
  if (lua_type(lua_, -1) == LUA_TTABLE) return list_at(lua_gettop(lua_), key);
  TRY(auto value, read_text(lua_, -1, what_ + ": " + key));
  return std::vector<std::string>{std::move(value)};
}

base::Result<std::vector<std::uint32_t>> TableReader::indices(const char* key) const {
  get(key);
  std::vector<std::uint32_t> values;
  if (lua_isnil(lua_, -1)) return values;
  const auto take = [&]() -> base::Status {
    const double number = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : -1;
    const bool whole = number >= 0 && number <= kLargestIndex && number == std::floor(number);
    if (!whole) return error(key, "must be whole numbers from 0, like { 0, 1 }");
    values.push_back(static_cast<std::uint32_t>(number));
    return {};
  };
  if (!lua_istable(lua_, -1)) {
    CHECK_OK(take());
    return values;
  }
  const int list = lua_gettop(lua_);
  const std::size_t size = lua_objlen(lua_, list);
  if (size == 0 || size > kLongestList) return error(key, "must be a list of 1 to 1000 numbers");
  for (std::size_t i = 1; i <= size; ++i) {
    lua_rawgeti(lua_, list, static_cast<int>(i));
    CHECK_OK(take());
    lua_pop(lua_, 1);
  }
  return values;
}

base::Result<std::vector<std::string>> TableReader::list() const {
  return list_at(index_, "entry");
}

base::Result<std::vector<std::string>> TableReader::list_at(int index, std::string_view key) const {
  std::vector<std::string> values;
  const std::size_t size = lua_objlen(lua_, index);
  if (size > kLongestList) return error(key, "is a list of more than 1000 entries");
  for (std::size_t i = 1; i <= size; ++i) {
    lua_rawgeti(lua_, index, static_cast<int>(i));
    TRY(auto value, read_text(lua_, -1, what_ + ": " + std::string(key) + " " + std::to_string(i)));
    values.push_back(std::move(value));
    lua_pop(lua_, 1);
  }
  return values;
}

}  // namespace policy::lua
