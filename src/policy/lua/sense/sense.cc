#include "policy/lua/sense/sense.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "policy/lua/sandbox.h"
#include "policy/names/facts.h"
#include "policy/rules/nearest.h"
#include "policy/rules/units.h"

namespace policy::lua {
namespace {

constexpr double kLargestBound = 1e15;  // bytes

int missing_machine_fact(lua_State* lua) {
  static constexpr auto kFacts = names::words_of(names::kMachineFacts);
  return missing_fact(lua, kFacts);
}
int missing_gpu_fact(lua_State* lua) {
  static constexpr auto kFacts = names::words_of(names::kGpuFacts);
  return missing_fact(lua, kFacts);
}

void set(lua_State* lua, const char* name, const std::string& text) {
  if (text.empty()) return;
  lua_pushlstring(lua, text.data(), text.size());
  lua_setfield(lua, -2, name);
}
void set(lua_State* lua, const char* name, std::optional<double> number) {
  if (!number) return;
  lua_pushnumber(lua, *number);
  lua_setfield(lua, -2, name);
}
void set(lua_State* lua, const char* name, std::optional<base::Bytes> bytes) {
  if (bytes) set(lua, name, std::optional(static_cast<double>(*bytes)));
}
void set(lua_State* lua, const char* name, std::optional<bool> flag) {
  if (!flag) return;
  lua_pushboolean(lua, *flag ? 1 : 0);
  lua_setfield(lua, -2, name);
}

void push_card(lua_State* lua, const job::GpuFacts& gpu) {
  lua_newtable(lua);
  set(lua, names::gpu_fact("index"), std::optional(static_cast<double>(gpu.index)));
  set(lua, names::gpu_fact("uuid"), gpu.uuid);
  set(lua, names::gpu_fact("name"), gpu.name);
  set(lua, names::gpu_fact("total"), gpu.total);
  set(lua, names::gpu_fact("free"), gpu.free);
  set(lua, names::gpu_fact("ours"), gpu.ours);
  set(lua, names::gpu_fact("temperature"), gpu.temperature);
  set(lua, names::gpu_fact("busy"), gpu.busy);
  if (gpu.foreign) {
    lua_newtable(lua);
    int position = 0;
    for (const job::GpuProcess& process : *gpu.foreign) {
      lua_createtable(lua, 0, 2);
      set(lua, names::gpu_process_fact("name"), process.name);
      set(lua, names::gpu_process_fact("vram"), process.vram);
      lua_rawseti(lua, -2, ++position);
    }
    lua_setfield(lua, -2, names::gpu_fact("foreign"));
  }
  push_read_only(lua, &missing_gpu_fact, "a card's facts cannot be changed");
}

void push_machine(lua_State* lua, const job::MachineFacts& facts, base::WallTime now) {
  lua_newtable(lua);
  if (facts.user_idle.value) {
    set(lua, names::machine_fact("user_idle"),
        std::optional(std::chrono::duration<double>(*facts.user_idle.value).count()));
  }
  set(lua, names::machine_fact("locked"), facts.locked.value);
  set(lua, names::machine_fact("on_battery"), facts.on_battery.value);
  set(lua, names::machine_fact("cpu"), facts.cpu.value);
  set(lua, names::machine_fact("memory_free"), facts.memory_free.value);
  set(lua, names::machine_fact("now"), std::optional(std::chrono::duration<double>(now.time_since_epoch()).count()));
  if (facts.apps.value) {
    lua_newtable(lua);
    for (const std::string& name : *facts.apps.value) set(lua, name.c_str(), std::optional(true));
    lua_setfield(lua, -2, names::machine_fact("apps"));
  }
  push_read_only(lua, &missing_machine_fact, "the machine's facts cannot be changed");
}

struct Filling {
  Api& api;
  const job::MachineFacts& facts;
  base::WallTime now;
};

int fill(lua_State* lua) {
  const auto& filling = *static_cast<const Filling*>(lua_touserdata(lua, 1));
  Api& api = filling.api;
  const auto keep = [&](int& reference) {
    luaL_unref(lua, LUA_REGISTRYINDEX, reference);
    reference = luaL_ref(lua, LUA_REGISTRYINDEX);
  };
  push_machine(lua, filling.facts, filling.now);
  keep(api.views[HookEvent::kPause]);
  lua_newtable(lua);
  if (filling.facts.gpus.value) {
    int position = 0;
    for (const job::GpuFacts& gpu : *filling.facts.gpus.value) {
      push_card(lua, gpu);
      lua_rawseti(lua, -2, ++position);
    }
  }
  keep(api.views[HookEvent::kBudget]);
  return 0;
}

const Verdict* find_verdict(const Api& api, lua_State* lua, int index) {
  const auto id = reinterpret_cast<std::uint64_t>(lua_touserdata(lua, index));
  for (const Verdict& verdict : api.verdicts) {
    if (verdict.id == id) return &verdict;
  }
  return nullptr;
}

Failure unreturned(const Api& api) {
  const Verdict& first = api.verdicts.front();
  std::string name = "worker.pause";
  if (!first.pause) name = first.accept ? "worker.accept" : "worker.decline";
  return {name + " was called but not returned", first.place};
}

void read_pause(lua_State* lua, const Api& api, const Hook& hook, SenseResult& result) {
  const int type = lua_type(lua, -2);
  if (type == LUA_TNIL && api.verdicts.empty()) return;
  if (type == LUA_TNIL) {
    result.failure = unreturned(api);
    return;
  }
  const Verdict* verdict = type == LUA_TLIGHTUSERDATA ? find_verdict(api, lua, -2) : nullptr;
  if (verdict != nullptr && verdict->pause) {
    result.pause = *verdict;
    return;
  }
  std::string what = "a " + std::string(lua_typename(lua, type));
  if (type == LUA_TLIGHTUSERDATA)
    what = verdict != nullptr ? "a verdict on an offer" : "a verdict of an earlier reading";
  result.failure = Failure{"the hook returned " + what + "; return worker.pause { ... } or nothing", hook.place};
}

void read_bound(lua_State* lua, const Api& api, const Hook& hook, SenseResult& result) {
  const int type = lua_type(lua, -2);
  if (type == LUA_TNIL && api.verdicts.empty()) return;
  if (type == LUA_TNIL) {
    result.failure = unreturned(api);
    return;
  }
  const auto refuse = [&](const std::string& what) {
    result.failure =
        Failure{"the hook returned " + what + "; return bytes, a size like '12GiB' or nothing", hook.place};
  };
  if (type == LUA_TSTRING) {
    const auto size = rules::parse_size(lua_tostring(lua, -2));
    if (!size) return refuse("a string that is no size: " + size.error().message);
    result.bound = *size;
  } else if (type == LUA_TNUMBER) {
    const double bytes = lua_tonumber(lua, -2);
    if (!(bytes >= 0 && bytes <= kLargestBound)) return refuse("a number that is no size");
    result.bound = static_cast<base::Bytes>(bytes);
  } else {
    const bool earlier = type == LUA_TLIGHTUSERDATA && find_verdict(api, lua, -2) == nullptr;
    return refuse(earlier ? "a verdict of an earlier reading" : "a " + std::string(lua_typename(lua, type)));
  }
  if (lua_type(lua, -1) == LUA_TSTRING) result.reason = std::string(lua_tostring(lua, -1)).substr(0, 200);
}

/// The stack holds the hook's arguments; gives its two results, or a failure.
SenseResult ask(State& state, Api& api, const Hook& hook, int arguments, const Budget& budget) {
  SenseResult result;
  lua_State* lua = state.raw();
  lua_rawgeti(lua, LUA_REGISTRYINDEX, hook.function);
  lua_insert(lua, -1 - arguments);
  api.verdicts.clear();
  api.notes.clear();
  api.verdict_line = {};
  result.failure = state.call(arguments, 2, budget);
  result.instructions = state.used();
  if (result.failure && !result.failure->place.known()) result.failure->place = hook.place;
  return result;
}

}  // namespace

std::optional<Failure> begin_sense(State& state, Api& api, const job::MachineFacts& facts, base::WallTime now) {
  api.now = now;
  Filling filling{api, facts, now};
  return state.protect(&fill, &filling);
}

SenseResult ask_pause(State& state, Api& api, std::size_t hook, const Budget& budget) {
  lua_State* lua = state.raw();
  const int base = lua_gettop(lua);
  const Hook& asked = api.hooks[HookEvent::kPause][hook];
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.views[HookEvent::kPause]);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.views[HookEvent::kBudget]);
  SenseResult result = ask(state, api, asked, 2, budget);
  if (!result.failure) read_pause(lua, api, asked, result);
  if (result.pause && !result.pause->place.known()) result.pause->place = asked.place;
  lua_settop(lua, base);
  return result;
}

SenseResult ask_budget(State& state, Api& api, std::size_t hook, std::size_t card, const Budget& budget) {
  lua_State* lua = state.raw();
  const int base = lua_gettop(lua);
  const Hook& asked = api.hooks[HookEvent::kBudget][hook];
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.views[HookEvent::kBudget]);
  lua_rawgeti(lua, -1, static_cast<int>(card) + 1);
  SenseResult result = ask(state, api, asked, 1, budget);
  if (!result.failure) read_bound(lua, api, asked, result);
  lua_settop(lua, base);
  return result;
}

}  // namespace policy::lua
