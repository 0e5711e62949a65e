#include "policy/lua/record/log_hook.h"

#include <algorithm>

#include "policy/logs/log_rule.h"
#include "policy/lua/sandbox.h"
#include "policy/names/facts.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

using logs::LogFacts;

constexpr std::size_t kLongestValue = 8000;  // of a fact that a hook writes

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

int missing_record_fact(lua_State* lua) {
  static constexpr auto kFacts = names::words_of(names::kRecordFacts);
  return missing_fact(lua, kFacts);
}

base::Status check_value(std::string_view name, std::string_view value) {
  if (value.size() > kLongestValue) return invalid("record." + std::string(name) + " is longer than 8000 bytes");
  if (name == "level") {
    CHECK_OK(logs::parse_level(value));
  }
  const auto& categories = logs::categories();
  if (name == "about" && std::find(categories.begin(), categories.end(), value) == categories.end()) {
    return invalid("record.about: " + rules::unknown_name("category", value, categories));
  }
  return {};
}

/// `record.message = '...'`.
base::Result<int> write_fact(lua_State* lua, Api& api) {
  const auto name = name_at(lua, 2);
  const names::Name* fact = names::find(names::kRecordFacts, name);
  if (fact == nullptr) return invalid(rules::unknown_name("fact", name, names::spelled(names::kRecordFacts)));
  const bool required = fact->always;
  const int type = lua_type(lua, 3);
  if (type != LUA_TSTRING && (type != LUA_TNIL || required)) {
    return invalid("record." + std::string(name) + " must be a string" + (required ? "" : " or nil") + ", not a " +
                   luaL_typename(lua, 3));
  }
  if (type == LUA_TSTRING) {
    std::size_t length = 0;
    const char* data = lua_tolstring(lua, 3, &length);
    CHECK_OK(check_value(name, {data, length}));
  }
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.record_facts);
  lua_pushvalue(lua, 2);
  lua_pushvalue(lua, 3);
  lua_rawset(lua, -3);
  return 0;
}

void set(lua_State* lua, const char* name, const std::optional<std::string>& value) {
  if (value)
    lua_pushlstring(lua, value->data(), value->size());
  else
    lua_pushnil(lua);
  lua_setfield(lua, -2, name);
}

std::optional<std::string> get(lua_State* lua, const char* name) {
  lua_pushstring(lua, name);
  lua_rawget(lua, -2);
  std::optional<std::string> value;
  if (lua_type(lua, -1) == LUA_TSTRING) {
    std::size_t length = 0;
    const char* data = lua_tolstring(lua, -1, &length);
    value.emplace(data, length);
  }
  lua_pop(lua, 1);
  return value;
}

struct Exchange {
  Api& api;
  const LogFacts* before;
  LogFacts* after;
};

int fill(lua_State* lua) {
  const auto& exchange = *static_cast<const Exchange*>(lua_touserdata(lua, 1));
  const LogFacts& record = *exchange.before;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, exchange.api.record_facts);
  const auto level = base::log::to_string(record.level);
  lua_pushlstring(lua, level.data(), level.size());
  lua_setfield(lua, -2, names::record_fact("level"));
  set(lua, names::record_fact("about"), record.about);
  set(lua, names::record_fact("message"), record.message);
  set(lua, names::record_fact("job"), record.job);
  set(lua, names::record_fact("game"), record.game);
  set(lua, names::record_fact("kind"), record.kind);
  set(lua, names::record_fact("details"), record.details);
  set(lua, names::record_fact("prompt"), std::nullopt);
  return 0;
}

int take_back(lua_State* lua) {
  const auto& exchange = *static_cast<const Exchange*>(lua_touserdata(lua, 1));
  LogFacts& record = *exchange.after;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, exchange.api.record_facts);
  record.level = logs::parse_level(*get(lua, names::record_fact("level"))).value_or(record.level);
  record.about = *get(lua, names::record_fact("about"));
  record.message = *get(lua, names::record_fact("message"));
  record.job = get(lua, names::record_fact("job"));
  record.game = get(lua, names::record_fact("game"));
  record.kind = get(lua, names::record_fact("kind"));
  record.details = get(lua, names::record_fact("details"));
  return 0;
}

/// Calls one hook with the record.
std::optional<Failure> call(State& state, Api& api, const Hook& hook, const Budget& budget) {
  lua_State* lua = state.raw();
  const int base = lua_gettop(lua);
  api.verdicts.clear();
  api.notes.clear();
  lua_rawgeti(lua, LUA_REGISTRYINDEX, hook.function);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.views[HookEvent::kLog]);
  auto failure = state.call(1, 1, budget);
  if (!failure && !lua_isnil(lua, -1)) {
    failure = Failure{"the hook returned a " + std::string(luaL_typename(lua, -1)) +
                          "; a log hook changes its record and returns nothing",
                      hook.place};
  } else if (!failure && !api.verdicts.empty()) {
    failure = Failure{"a verdict that is not returned; a log hook has none to give", api.verdicts.front().place};
  }
  if (failure && !failure->place.known()) failure->place = hook.place;
  lua_settop(lua, base);
  return failure;
}

}  // namespace

void add_record(lua_State* lua, Api& api) {
  lua_createtable(lua, 0, static_cast<int>(names::kRecordFacts.size()));
  lua_pushvalue(lua, -1);
  api.record_facts = luaL_ref(lua, LUA_REGISTRYINDEX);
  push_read_only(lua, &missing_record_fact, "");
  lua_getmetatable(lua, -1);
  lua_pushcfunction(lua, &api_entry<&write_fact>);
  lua_setfield(lua, -2, "__newindex");
  lua_pop(lua, 1);
  api.views[HookEvent::kLog] = luaL_ref(lua, LUA_REGISTRYINDEX);
}

LogHookResult run_log_hooks(State& state, Api& api, const LogFacts& record, base::WallTime now, const Budget& budget) {
  LogHookResult result{std::nullopt, record};
  api.now = now;
  Exchange exchange{api, &record, &result.record};
  // Outside of the hooks only memory can run out, and then the state is of no use.
  const auto spent = [](std::optional<Failure> failure) {
    if (failure) failure->spent = true;
    return failure;
  };
  result.failure = spent(state.protect(&fill, &exchange));
  for (const Hook& hook : api.hooks[HookEvent::kLog]) {
    if (result.failure) return result;
    result.failure = call(state, api, hook, budget);
  }
  if (!result.failure) result.failure = spent(state.protect(&take_back, &exchange));
  return result;
}

}  // namespace policy::lua
