#include <algorithm>
#include <string_view>

#include "base/ids.h"
#include "policy/lua/libraries.h"
#include "policy/lua/matcher.h"
#include "policy/lua/state.h"

namespace policy::lua {
namespace {

constexpr base::Bytes kLongestRep = base::kMiB;

std::string_view text_at(lua_State* lua, int index) {
  std::size_t length = 0;
  const char* text = luaL_checklstring(lua, index, &length);
  return {text, length};
}

/// The offset that an optional `init` argument means; nothing when it lies behind the end.
std::optional<std::size_t> start_at(lua_State* lua, int index, std::size_t size) {
  const auto init = static_cast<std::ptrdiff_t>(luaL_optinteger(lua, index, 1));
  const auto length = static_cast<std::ptrdiff_t>(size);
  if (init > length + 1) return std::nullopt;
  if (init > 0) return static_cast<std::size_t>(init - 1);
  return init < 0 && -init <= length ? static_cast<std::size_t>(length + init) : 0;
}

void push_captures(lua_State* lua, const Matcher& matcher, std::string_view subject) {
  luaL_checkstack(lua, static_cast<int>(matcher.captures()), "too many captures");
  for (std::size_t i = 0; i < matcher.captures(); ++i) {
    const auto& capture = matcher.capture(i);
    if (capture.position)
      lua_pushinteger(lua, static_cast<lua_Integer>(capture.start + 1));
    else
      lua_pushlstring(lua, subject.data() + capture.start, capture.length);
  }
}

/// std::string_view::find with a limit: a long pattern that almost occurs everywhere takes hours.
std::size_t plain_find(lua_State* lua, std::string_view subject, std::string_view pattern, std::size_t from) {
  if (pattern.empty()) return from;
  std::uint64_t steps = 0;
  std::size_t found = std::string_view::npos;
  for (std::size_t at = from; steps <= Matcher::kMaxSteps; ++at) {
    const std::size_t first = subject.find(pattern.front(), at);
    if (first == std::string_view::npos || subject.size() - first < pattern.size()) break;
    const auto [here, there] = std::mismatch(pattern.begin(), pattern.end(), subject.begin() + first);
    if (here == pattern.end()) {
      found = first;
      break;
    }
    steps += 1 + static_cast<std::uint64_t>(here - pattern.begin()) / 8;
    at = first;
  }
  State::of(lua).charge(steps + subject.size() / 64);
  if (steps > Matcher::kMaxSteps) raise(lua, "the text takes too long to find; search for a shorter one");
  return found;
}

enum class Wanted { kPlace, kText, kBoth };

int run_matcher(lua_State* lua, Wanted wanted) {
  const auto subject = text_at(lua, 1);
  const auto pattern = text_at(lua, 2);
  const auto from = start_at(lua, 3, subject.size());
  if (!from) {
    lua_pushnil(lua);
    return 1;
  }
  Matcher matcher(subject, pattern);
  const auto match = matcher.find(*from);
  State::of(lua).charge(matcher.steps());
  if (matcher.error() != nullptr) raise(lua, matcher.error());
  if (!match) {
    lua_pushnil(lua);
    return 1;
  }
  const int below = lua_gettop(lua);
  if (wanted != Wanted::kText) {
    lua_pushinteger(lua, static_cast<lua_Integer>(match->start + 1));
    lua_pushinteger(lua, static_cast<lua_Integer>(match->end));
  }
  push_captures(lua, matcher, subject);
  if (wanted != Wanted::kPlace && matcher.captures() == 0) {
    lua_pushlstring(lua, subject.data() + match->start, match->end - match->start);
  }
  return lua_gettop(lua) - below;
}

}  // namespace

int string_find(lua_State* lua) {
  const auto subject = text_at(lua, 1);
  const auto pattern = text_at(lua, 2);
  if (lua_toboolean(lua, 4) == 0) return run_matcher(lua, Wanted::kPlace);
  const auto from = start_at(lua, 3, subject.size());
  const auto found = from ? plain_find(lua, subject, pattern, *from) : std::string_view::npos;
  if (found == std::string_view::npos) {
    lua_pushnil(lua);
    return 1;
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(found + 1));
  lua_pushinteger(lua, static_cast<lua_Integer>(found + pattern.size()));
  return 2;
}

int string_match(lua_State* lua) {
  return run_matcher(lua, Wanted::kText);
}

int string_scan(lua_State* lua) {
  return run_matcher(lua, Wanted::kBoth);
}

int string_rep(lua_State* lua) {
  const auto text = text_at(lua, 1);
  const double times = text.empty() ? 0 : std::max(0.0, luaL_checknumber(lua, 2));
  if (!(times * static_cast<double>(text.size()) <= static_cast<double>(kLongestRep))) {
    return luaL_error(lua, "string.rep: the result would be longer than 1 MiB");
  }
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  for (double i = 1; i <= times; ++i) luaL_addlstring(&buffer, text.data(), text.size());
  luaL_pushresult(&buffer);
  State::of(lua).charge(static_cast<std::uint64_t>(times));
  return 1;
}

}  // namespace policy::lua
