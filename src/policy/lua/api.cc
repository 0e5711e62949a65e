#include "policy/lua/api.h"

#include <algorithm>
#include <cstring>

#include "policy/lua/declare/declare.h"
#include "policy/lua/record/log_hook.h"
#include "policy/lua/sandbox.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

constexpr std::size_t kMaxReported = 20;  // looking for the name that was meant takes long where there are many

base::Result<int> too_many_calls() {
  return invalid("the policy calls 'worker' more than 10000 times while it loads");
}

base::Result<int> called_with_a_colon() {
  return invalid("a function of 'worker' is called with a colon: write worker.NAME with a dot, not worker:NAME");
}

bool is_worker(lua_State* lua, const Api& api) {
  if (lua_type(lua, 1) != LUA_TTABLE || api.worker == 0) return false;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.worker);
  const bool same = lua_rawequal(lua, 1, -1) != 0;
  lua_pop(lua, 1);
  return same;
}

/// Reading `worker.decline` remembers the line: a tail call would hide it from the function itself.
int read_worker(lua_State* lua) {
  lua_pushvalue(lua, 2);
  lua_rawget(lua, lua_upvalueindex(1));
  if (lua_isnil(lua, -1)) {
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_replace(lua, 1);
    return unknown_name(lua);
  }
  const char* name = lua_tostring(lua, 2);
  if (std::strcmp(name, "decline") == 0 || std::strcmp(name, "accept") == 0 || std::strcmp(name, "pause") == 0) {
    State::of(lua).api->verdict_line = State::running_line(lua);
  }
  return 1;
}

int refuse_worker_write(lua_State* lua) {
  return luaL_error(lua, "'worker' cannot be changed");
}

Api::File* find_file(Api& api, std::string_view name) {
  for (Api::File& file : api.files) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

bool is_bare_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// Compiles and calls the file; leaves its value on the stack. Lua errors pass through.
base::Result<int> run_file(lua_State* lua, Api& api, Api::File& file) {
  if (file.stage == Api::File::Stage::kRunning) {
    return invalid("require: '" + file.name + "' requires itself, directly or through another file");
  }
  if (file.stage == Api::File::Stage::kNew) {
    file.stage = Api::File::Stage::kRunning;
    if (auto failure = State::of(lua).compile(file.name, file.text)) {
      if (!api.refused) api.refused = *failure;
      return invalid(rules::to_string(failure->place) + ": " + failure->text);
    }
    lua_call(lua, 0, 1);
    file.value = luaL_ref(lua, LUA_REGISTRYINDEX);
    file.stage = Api::File::Stage::kDone;
  }
  lua_rawgeti(lua, LUA_REGISTRYINDEX, file.value);
  return 1;
}

base::Result<int> require(lua_State* lua, Api& api) {
  if (lua_type(lua, 1) != LUA_TSTRING) return invalid("require needs the name of a file beside this one");
  std::size_t length = 0;
  const char* data = lua_tolstring(lua, 1, &length);
  const std::string_view name(data, length);
  if (name == "worker") {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, api.worker);
    return 1;
  }
  if (!is_bare_name(name)) {
    return invalid("require takes the bare name of a file in the policy folder, without '.lua' and without a path");
  }
  Api::File* file = find_file(api, std::string(name) + ".lua");
  if (file != nullptr) {
    if (!api.loading && file->stage != Api::File::Stage::kDone) {
      return invalid("require belongs at the top of a file, not into a hook");
    }
    return run_file(lua, api, *file);
  }
  std::vector<std::string_view> known = {"worker"};
  for (const Api::File& each : api.files) known.push_back(std::string_view(each.name).substr(0, each.name.size() - 4));
  return invalid(rules::unknown_name("policy file", name, known));
}

struct Run {
  Api& api;
  std::string_view file;
};

base::Result<int> run_named(lua_State* lua, Api& api) {
  const auto& run = *static_cast<const Run*>(lua_touserdata(lua, 1));
  return run_file(lua, api, *find_file(api, run.file));
}

int install_all(lua_State* lua) {
  Api& api = *static_cast<Api*>(lua_touserdata(lua, 1));
  lua_newtable(lua);
  add_time_declarations(lua);
  add_game_declarations(lua);
  add_vram_declarations(lua);
  add_pause_declarations(lua);
  add_log_declarations(lua);
  add_hook_declarations(lua);
  add_helpers(lua);
  const int functions = lua_gettop(lua);
  lua_newtable(lua);
  lua_createtable(lua, 0, 2);
  lua_pushvalue(lua, functions);
  lua_pushcclosure(lua, &read_worker, 1);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, &refuse_worker_write);
  lua_setfield(lua, -2, "__newindex");
  lua_setmetatable(lua, -2);
  api.worker = luaL_ref(lua, LUA_REGISTRYINDEX);
  add_facts(lua, api);
  add_record(lua, api);
  lua_pushcfunction(lua, &api_entry<&require>);
  set_global(lua, "require");
  return 0;
}

}  // namespace

base::Status check_period(const rules::Calendar& calendar, std::string_view per) {
  const auto& periods = rules::kCalendarPeriods;
  const bool of_calendar = std::find(periods.begin(), periods.end(), per) != periods.end();
  if (of_calendar && calendar.is_window(per)) {
    return invalid("per = '" + std::string(per) +
                   "' means the calendar's, and there is a window of that name: " + "give the window another name");
  }
  if (of_calendar || calendar.is_window(per)) return {};
  std::vector<std::string_view> known(periods.begin(), periods.end());
  for (const std::string_view name : calendar.names()) {
    if (calendar.is_window(name)) known.push_back(name);
  }
  return invalid(rules::unknown_name("period", per, known));
}

int call_api(lua_State* lua, ApiFunction function) {
  int results = 0;
  bool failed = false;
  {
    Api& api = *State::of(lua).api;
    luaL_checkstack(lua, 40, "too many values");
    const bool too_many = api.loading && ++api.calls > kMaxCalls;
    const auto outcome = too_many ? too_many_calls() : is_worker(lua, api) ? called_with_a_colon() : function(lua, api);
    failed = !outcome;
    if (outcome) {
      results = *outcome;
    } else {
      const std::string& message = outcome.error().message;
      if (api.loading && !api.refused) api.refused = Failure{message, declared_at(lua, api), api.calls > kMaxCalls};
      lua_pushlstring(lua, message.data(), message.size());
    }
  }
  return failed ? lua_error(lua) : results;
}

rules::Place declared_at(lua_State* lua, const Api& api) {
  auto place = State::running_line(lua);
  if (place.known()) return place;
  for (const Api::File& file : api.files) {
    if (file.stage == Api::File::Stage::kRunning) place.file = file.name;
  }
  return place;
}

std::optional<Failure> Api::install(State& state, std::vector<std::pair<std::string, std::string>> sources) {
  state.api = this;
  for (auto& [name, text] : sources) files.push_back({std::move(name), std::move(text)});
  if (auto failure = build_sandbox(state)) return failure;
  return state.protect(&install_all, this);
}

std::optional<Failure> Api::load(State& state, std::string_view file, const Budget& budget) {
  lua_State* lua = state.raw();
  const int base = lua_gettop(lua);
  loading = true;
  refused.reset();
  Run run{*this, file};
  lua_pushcfunction(lua, &api_entry<&run_named>);
  lua_pushlightuserdata(lua, &run);
  auto failure = state.call(1, 0, budget);
  lua_settop(lua, base);
  loading = false;
  if (!failure || !failure->spent) {
    if (refused) failure = std::move(refused);
  }
  if (failure && !failure->place.known()) failure->place = {std::string(file), 0};
  // Their error was reported: they must not be reported again when their own turn comes.
  for (File& each : files) {
    if (each.stage == File::Stage::kRunning) each.stage = File::Stage::kDone;
  }
  return failure;
}

std::vector<Failure> Api::finish_load() {
  std::vector<Failure> failures;
  for (const Opened& open : opened) {
    if (failures.size() == kMaxReported) break;
    const auto declaration = std::string_view(open.what).substr(0, open.what.find(' '));
    failures.push_back({wrong_form(declaration, open.what + " lacks its { ... } part").message, open.place});
  }
  for (const Reference& reference : references) {
    if (failures.size() >= kMaxReported) break;
    if (reference.period) {
      if (const auto known = check_period(rules.calendar, reference.name); !known)
        failures.push_back({known.error().message, reference.place});
      continue;
    }
    if (rules.calendar.find(reference.name)) continue;
    failures.push_back({rules::unknown_name("window", reference.name, rules.calendar.names()), reference.place});
  }
  return failures;
}

}  // namespace policy::lua
