#include <algorithm>
#include <chrono>

#include "policy/lua/api.h"
#include "policy/lua/sandbox.h"
#include "policy/lua/table_reader.h"
#include "policy/names/facts.h"
#include "policy/names/functions.h"
#include "policy/names/tables.h"
#include "policy/names/words.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

constexpr std::size_t kMaxVerdicts = 100;  // of one hook: a loop must not fill the memory outside of Lua's cap
constexpr std::size_t kMaxNotes = 100;
constexpr std::uint64_t kSearchCost = 50;  // instructions, for each name that might have been meant

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

base::Status in_hook(const Api& api, std::string_view what) {
  if (!api.loading) return {};
  return invalid(std::string(what) + " only works inside a hook");
}

/// The line that reads `worker.decline` is the line of the verdict, also when the hook returns by a tail call.
rules::Place take_verdict_line(lua_State* lua, Api& api) {
  auto place = std::exchange(api.verdict_line, {});
  return place.known() ? place : State::running_line(lua);
}

base::Result<int> give_verdict(lua_State* lua, Api& api, std::string_view name, bool accept) {
  CHECK_OK(in_hook(api, name));
  if (api.verdicts.size() == kMaxVerdicts) return invalid(std::string(name) + " was called more than 100 times");
  Verdict verdict{.id = api.next_verdict++, .accept = accept, .place = take_verdict_line(lua, api)};
  if (!accept || lua_gettop(lua) > 0) {
    TRY(verdict.reason, read_text(lua, 1, std::string(name) + ": the reason"));
  }
  api.verdicts.push_back(std::move(verdict));
  // Only a number that means nothing to Lua; what was said stays on this side.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): nobody follows it
  lua_pushlightuserdata(lua, reinterpret_cast<void*>(api.verdicts.back().id));
  return 1;
}

base::Result<int> decline(lua_State* lua, Api& api) {
  return give_verdict(lua, api, "worker.decline", false);
}
base::Result<int> accept(lua_State* lua, Api& api) {
  return give_verdict(lua, api, "worker.accept", true);
}

/// `worker.pause { action = 'finish', reason = 'why', release_vram = true }`, or with the reason alone.
base::Result<int> pause(lua_State* lua, Api& api) {
  CHECK_OK(in_hook(api, "worker.pause"));
  if (api.verdicts.size() == kMaxVerdicts) return invalid("worker.pause was called more than 100 times");
  Verdict verdict{.id = api.next_verdict++, .place = take_verdict_line(lua, api), .pause = pause::Action::kFinish};
  if (lua_type(lua, 1) == LUA_TSTRING) {
    TRY(verdict.reason, read_text(lua, 1, "worker.pause: the reason"));
  } else {
    TRY(const auto table, TableReader::open(lua, 1, "worker.pause", names::kPauseKeys, false));
    TRY(const auto action, table.text("action"));
    if (action) verdict.pause = pause::parse_action(*action);
    if (!verdict.pause) {
      return table.error("action", rules::unknown_name("action", *action, names::spelled(names::kActions)));
    }
    TRY(const auto reason, table.text("reason"));
    if (!reason) return table.error("reason", "is missing: it is shown to everybody who asks why");
    verdict.reason = *reason;
    TRY(const auto release, table.flag("release_vram"));
    verdict.release_vram = release.value_or(false);
  }
  api.verdicts.push_back(std::move(verdict));
  // NOLINTNEXTLINE(performance-no-int-to-ptr): nobody follows it
  lua_pushlightuserdata(lua, reinterpret_cast<void*>(api.verdicts.back().id));
  return 1;
}

base::Result<int> multiply(lua_State* lua, std::string_view name, double factor) {
  if (lua_type(lua, 1) != LUA_TNUMBER) {
    return invalid(std::string(name) + " needs a number, not a " + luaL_typename(lua, 1));
  }
  lua_pushnumber(lua, lua_tonumber(lua, 1) * factor);
  return 1;
}

base::Result<int> minutes(lua_State* lua, Api&) {
  return multiply(lua, "worker.minutes", 60);
}
base::Result<int> gib(lua_State* lua, Api&) {
  return multiply(lua, "worker.gib", static_cast<double>(base::kGiB));
}

base::Result<int> in_window(lua_State* lua, Api& api) {
  CHECK_OK(in_hook(api, "worker.in_window"));
  TRY(const auto name, read_text(lua, 1, "worker.in_window"));
  if (!api.rules.calendar.find(name)) {
    State::of(lua).charge(kSearchCost * api.rules.calendar.size());
    return invalid(rules::unknown_name("window", name, api.rules.calendar.names()));
  }
  lua_pushboolean(lua, api.rules.calendar.inside(name, api.now) ? 1 : 0);
  return 1;
}

/// A key of what `worker.used` gives that is not there.
int unknown_use(lua_State* lua) {
  {
    const std::string_view name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : luaL_typename(lua, 2);
    const auto text = rules::unknown_name("count", name, names::spelled(names::kUsedFacts));
    lua_pushlstring(lua, text.data(), text.size());
  }
  return lua_error(lua);
}

/// Outside of the occurrences of a window, and where nothing is known, it is zero.
base::Result<int> used(lua_State* lua, Api& api) {
  CHECK_OK(in_hook(api, "worker.used"));
  if (api.running != HookEvent::kOffer) return invalid("worker.used only works inside a hook of 'offer'");
  TRY(const auto table, TableReader::open(lua, 1, "worker.used", names::kUsedKeys, false));
  TRY(const auto game, table.text("game"));
  if (!game) return table.error("game", "is missing: the name of a game, or a pattern");
  TRY(const auto per, table.text("per"));
  if (!per) return table.error("per", "is missing: 'day', 'week' or the name of a window");
  if (const auto known = check_period(api.rules.calendar, *per); !known)
    return table.error("per", known.error().message);
  job::Used sum;
  if (api.usage == nullptr && api.notes.size() < kMaxNotes) {
    api.notes.emplace_back("worker.used: what is used is unknown outside of a running worker; taken as 0",
                           State::running_line(lua));
  }
  const auto start = api.rules.calendar.period(*per, api.now).start;
  if (api.usage != nullptr && start) {
    for (const job::GameUse& use : api.usage->since(*start, api.now)) {
      if (rules::matches(*game, use.game)) sum.add(use.used);
    }
  }
  lua_createtable(lua, 0, 2);
  lua_pushnumber(lua, static_cast<lua_Number>(sum.jobs));
  lua_setfield(lua, -2, names::used_fact("jobs"));
  lua_pushnumber(lua, std::chrono::duration<double>(sum.gpu_time).count());
  lua_setfield(lua, -2, names::used_fact("gpu_time"));
  push_read_only(lua, &unknown_use, "what worker.used gives cannot be changed");
  return 1;
}

base::Result<int> note(lua_State* lua, Api& api) {
  if (lua_isnumber(lua, 1) != 0) lua_tostring(lua, 1);
  TRY(auto text, read_text(lua, 1, "worker.note"));
  if (api.notes.size() < kMaxNotes) api.notes.emplace_back(std::move(text), State::running_line(lua));
  return 0;
}

/// A fact that this offer does not have is nil; a name that is no fact is an error.
int missing_offer_fact(lua_State* lua) {
  static constexpr auto kFacts = names::words_of(names::kOfferFacts);
  return missing_fact(lua, kFacts);
}

void set_text(lua_State* lua, const char* name, std::string_view text) {
  if (text.empty())
    lua_pushnil(lua);
  else
    lua_pushlstring(lua, text.data(), text.size());
  lua_setfield(lua, -2, name);
}

template <class Number>
void set_number(lua_State* lua, const char* name, const std::optional<Number>& number) {
  if (number)
    lua_pushnumber(lua, static_cast<lua_Number>(*number));
  else
    lua_pushnil(lua);
  lua_setfield(lua, -2, name);
}

void set_flag(lua_State* lua, const char* name, std::optional<bool> flag) {
  if (flag)
    lua_pushboolean(lua, *flag ? 1 : 0);
  else
    lua_pushnil(lua);
  lua_setfield(lua, -2, name);
}

std::optional<double> seconds(std::optional<base::Duration> time) {
  if (!time) return std::nullopt;
  return std::chrono::duration<double>(*time).count();
}

struct Invocation {
  Api& api;
  HookEvent event;
  std::size_t end;
};

/// Calls hook after hook until one gives back something, which is returned.
int invoke(lua_State* lua) {
  const auto& call = *static_cast<const Invocation*>(lua_touserdata(lua, 1));
  Api& api = call.api;
  for (;; ++api.asked) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, api.hooks[call.event][api.asked].function);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, api.views[call.event]);
    lua_call(lua, 1, 1);
    if (api.asked + 1 == call.end || !lua_isnil(lua, -1) || !api.verdicts.empty()) return 1;
    State::of(lua).next_function();
    api.verdict_line = {};
    lua_pop(lua, 1);
  }
}

struct Filling {
  const Api& api;
  const job::Offer& offer;
  const job::Facts& facts;
};

int fill(lua_State* lua) {
  const auto& filling = *static_cast<const Filling*>(lua_touserdata(lua, 1));
  fill_facts(lua, filling.api, filling.offer, filling.facts);
  return 0;
}

/// What the hook gave back, at the top of the stack.
void read_verdict(lua_State* lua, const Api& api, const Hook& hook, HookResult& result) {
  const int type = lua_type(lua, -1);
  if (type == LUA_TNIL) {
    if (api.verdicts.empty()) return;
    const Verdict& unused = api.verdicts.front();
    const std::string name = unused.accept ? "worker.accept" : "worker.decline";
    result.failure = Failure{name + " was called but not returned: write 'return " + name + " ...'", unused.place};
    return;
  }
  if (type == LUA_TLIGHTUSERDATA) {
    const auto id = reinterpret_cast<std::uint64_t>(lua_touserdata(lua, -1));
    for (const Verdict& verdict : api.verdicts) {
      if (verdict.id == id) result.verdict = verdict;
    }
    if (!result.verdict) result.failure = Failure{"the hook returned a verdict of an earlier offer", hook.place};
    if (result.verdict && result.verdict->pause) {
      result.failure = Failure{"worker.pause belongs to hooks of 'pause'; an offer is declined", result.verdict->place};
      result.verdict.reset();
    }
    return;
  }
  result.failure = Failure{"the hook returned a " + std::string(lua_typename(lua, type)) +
                               "; return worker.decline 'why', worker.accept 'why' or nothing",
                           hook.place};
}

}  // namespace

void add_helpers(lua_State* lua) {
  const luaL_Reg functions[] = {{names::function_name("decline"), &api_entry<&decline>},
                                {names::function_name("accept"), &api_entry<&accept>},
                                {names::function_name("pause"), &api_entry<&pause>},
                                {names::function_name("minutes"), &api_entry<&minutes>},
                                {names::function_name("gib"), &api_entry<&gib>},
                                {names::function_name("in_window"), &api_entry<&in_window>},
                                {names::function_name("used"), &api_entry<&used>},
                                {names::function_name("note"), &api_entry<&note>}};
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
  }
}

void add_facts(lua_State* lua, Api& api) {
  lua_createtable(lua, 0, static_cast<int>(names::kOfferFacts.size()));
  lua_pushvalue(lua, -1);
  api.offer_facts = luaL_ref(lua, LUA_REGISTRYINDEX);
  push_read_only(lua, &missing_offer_fact, "an offer's facts cannot be changed");
  api.views[HookEvent::kOffer] = luaL_ref(lua, LUA_REGISTRYINDEX);
}

void fill_facts(lua_State* lua, const Api& api, const job::Offer& offer, const job::Facts& facts) {
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.offer_facts);
  set_text(lua, names::offer_fact("id"), offer.id.str());
  set_text(lua, names::offer_fact("game"), offer.game.str());
  set_text(lua, names::offer_fact("asset"), offer.asset);
  set_text(lua, names::offer_fact("kind"), job::to_string(offer.kind));
  set_text(lua, names::offer_fact("model"), offer.model.str());
  set_text(lua, names::offer_fact("engine"), offer.source.engine);
  const bool known = offer.vram_gb > 0;
  set_number(lua, names::offer_fact("vram"), known ? std::optional(job::vram_bytes(offer)) : std::nullopt);
  set_number(lua, names::offer_fact("width"), offer.facts.width);
  set_number(lua, names::offer_fact("height"), offer.facts.height);
  set_number(lua, names::offer_fact("steps"), offer.facts.steps);
  set_number(lua, names::offer_fact("seconds"), offer.facts.seconds);
  set_number(lua, names::offer_fact("chars"), offer.facts.chars);
  set_number(lua, names::offer_fact("max_tokens"), offer.facts.max_tokens);
  set_flag(lua, names::offer_fact("cached"), facts.cached);
  set_number(lua, names::offer_fact("download"), facts.download);
  set_number(lua, names::offer_fact("est_time"), seconds(facts.est_time));
  lua_pop(lua, 1);
}

std::optional<Failure> Api::begin_offer(State& state, const job::Offer& offer, const job::Facts& facts) {
  now = facts.now;
  usage = facts.usage;
  Filling filling{*this, offer, facts};
  return state.protect(&fill, &filling);
}

HookResult Api::run(State& state, HookEvent event, std::size_t first, std::size_t end, const Budget& budget) {
  HookResult result;
  lua_State* lua = state.raw();
  const int base = lua_gettop(lua);
  verdicts.clear();
  notes.clear();
  verdict_line = {};
  asked = first;
  running = event;
  Invocation invocation{*this, event, end};
  lua_pushcfunction(lua, &invoke);
  lua_pushlightuserdata(lua, &invocation);
  result.failure = state.call(1, 1, budget);
  result.instructions = state.used();
  result.hook = asked;
  const Hook& hook = hooks[event][asked];
  if (!result.failure) read_verdict(lua, *this, hook, result);
  if (result.failure && !result.failure->place.known()) result.failure->place = hook.place;
  if (result.verdict && !result.verdict->place.known()) result.verdict->place = hook.place;
  result.notes = std::move(notes);
  lua_settop(lua, base);
  return result;
}

}  // namespace policy::lua
