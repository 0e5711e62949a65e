#include <algorithm>
#include <chrono>

#include "policy/lua/api.h"
#include "policy/lua/table_reader.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

using namespace std::chrono_literals;

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

base::Status while_loading(const Api& api, std::string_view what) {
  if (api.loading) return {};
  return invalid(std::string(what) + " is a declaration: it belongs outside of hooks");
}

/// `worker.window 'night'`: keeps the name and waits for the table.
template <ApiFunction Finish>
base::Result<int> open_named(lua_State* lua, Api& api, std::string_view declaration) {
  CHECK_OK(while_loading(api, declaration));
  TRY(const auto name, read_text(lua, 1, std::string(declaration) + ": the name"));
  api.opened.push_back({std::string(declaration) + " '" + name + "'", declared_at(lua, api)});
  lua_pushlstring(lua, name.data(), name.size());
  lua_pushcclosure(lua, &api_entry<Finish>, 1);
  return 1;
}

/// The name that `open_named` kept. Ends the wait for the table.
std::string opened_name(lua_State* lua, Api& api, std::string_view declaration) {
  std::string name = lua_tostring(lua, lua_upvalueindex(1));
  const std::string what = std::string(declaration) + " '" + name + "'";
  const auto found = std::find_if(api.opened.rbegin(), api.opened.rend(),
                                  [&](const Api::Opened& candidate) { return candidate.what == what; });
  if (found != api.opened.rend()) api.opened.erase(std::next(found).base());
  return name;
}

base::Status check_new_name(const Api& api, std::string_view name) {
  const auto earlier = api.rules.calendar.find(name);
  if (!earlier) return {};
  return invalid("'" + std::string(name) + "' is declared already at " + rules::to_string(*earlier));
}

base::Result<rules::DayTime> day_time(const TableReader& table, const char* key) {
  TRY(const auto text, table.text(key));
  if (!text) return table.error(key, "is missing");
  auto time = rules::parse_day_time(*text);
  if (!time) return table.error(key, time.error().message);
  return time;
}

/// `to` of a window that starts at `from`, as a time since the start of its day.
base::Result<std::chrono::minutes> window_end(const TableReader& table, const rules::DayTime& from) {
  TRY(const auto to, day_time(table, "to"));
  if (from.weekday.has_value() != to.weekday.has_value()) {
    return table.error("to", "'from' and 'to' must both name a weekday, or neither");
  }
  if (!from.weekday) {
    if (to.time == from.time) return table.error("to", "is the same as 'from'");
    return to.time > from.time ? to.time : to.time + 24h;
  }
  const unsigned days = (*to.weekday + 7 - *from.weekday) % 7;
  const auto end = to.time + std::chrono::days(days);
  if (end == from.time) return table.error("to", "is the same as 'from'");
  return std::chrono::minutes(end > from.time ? end : end + std::chrono::days(7));
}

base::Status read_days(const TableReader& table, rules::Window& window) {
  TRY(const auto days, table.texts("days"));
  if (days.empty()) return {};
  window.days = 0;
  for (const std::string& text : days) {
    const auto set = rules::parse_days(text);
    if (!set) return table.error("days", set.error().message);
    window.days = static_cast<rules::DaySet>(window.days | *set);
  }
  return {};
}

base::Status read_hours(const TableReader& table, rules::Window& window) {
  TRY(const auto all_day, table.flag("all_day"));
  TRY(const auto lasts, table.span("lasts"));
  if (all_day.value_or(false)) {
    for (const char* key : {"from", "to", "lasts"}) {
      if (table.has(key)) return table.error(key, "does not go with 'all_day'");
    }
    window.until = 24h;
    return {};
  }
  TRY(const auto from, day_time(table, "from"));
  if (from.time == 24h) return table.error("from", "write '00:00' of the next day");
  window.from = from.time;
  if (from.weekday) {
    if (table.has("days")) return table.error("days", "does not go with a weekday in 'from'");
    window.days = static_cast<rules::DaySet>(1U << *from.weekday);
  }
  if (!lasts) {
    TRY(window.until, window_end(table, from));
    return {};
  }
  if (table.has("to")) return table.error("lasts", "does not go with 'to'");
  if (*lasts <= base::Duration{} || *lasts > 7 * 24h) return table.error("lasts", "must be more than 0 and at most 7d");
  window.lasts = *lasts;
  return {};
}

base::Result<int> finish_window(lua_State* lua, Api& api) {
  rules::Window window{.name = opened_name(lua, api, "worker.window"), .place = declared_at(lua, api)};
  TRY(const auto table, TableReader::open(lua, 1, "worker.window '" + window.name + "'",
                                          {"days", "from", "to", "lasts", "all_day"}, false));
  CHECK_OK(check_new_name(api, window.name));
  CHECK_OK(read_days(table, window));
  CHECK_OK(read_hours(table, window));
  api.rules.calendar.add(std::move(window));
  return 0;
}

base::Result<int> finish_dates(lua_State* lua, Api& api) {
  rules::DateSet dates{.name = opened_name(lua, api, "worker.dates"), .place = declared_at(lua, api)};
  TRY(const auto table, TableReader::open(lua, 1, "worker.dates '" + dates.name + "'", {}, true));
  CHECK_OK(check_new_name(api, dates.name));
  TRY(const auto texts, table.list());
  if (texts.empty()) return table.error("entry 1", "is missing");
  for (const std::string& text : texts) {
    const auto range = rules::parse_dates(text);
    if (!range) return table.error("entry", range.error().message);
    dates.ranges.push_back(*range);
  }
  api.rules.calendar.add(std::move(dates));
  return 0;
}

base::Status read_kinds(const TableReader& table, rules::GameRule& rule) {
  TRY(const auto names, table.texts("kinds"));
  for (const std::string& name : names) {
    const auto kind = job::parse_kind(name);
    if (kind) {
      rule.kinds.push_back(*kind);
      continue;
    }
    std::vector<std::string_view> known;
    known.reserve(job::kAllKinds.size());
    for (const job::Kind each : job::kAllKinds) known.push_back(job::to_string(each));
    return table.error("kinds", rules::unknown_name("kind", name, known));
  }
  if (table.has("kinds") && names.empty()) return table.error("kinds", "is empty; write accept = false instead");
  return {};
}

base::Result<int> finish_game(lua_State* lua, Api& api) {
  rules::GameRule rule{.pattern = opened_name(lua, api, "worker.game"), .place = declared_at(lua, api)};
  TRY(const auto table, TableReader::open(lua, 1, "worker.game '" + rule.pattern + "'",
                                          {"accept", "kinds", "models", "max_vram", "max_time", "reason"}, false));
  TRY(const auto accept, table.flag("accept"));
  rule.accept = accept.value_or(true);
  CHECK_OK(read_kinds(table, rule));
  TRY(rule.models, table.texts("models"));
  TRY(rule.max_vram, table.size("max_vram"));
  TRY(rule.max_time, table.span("max_time"));
  TRY(const auto reason, table.text("reason"));
  rule.reason = reason.value_or("");
  for (const rules::GameRule& earlier : api.rules.games) {
    if (earlier.pattern != rule.pattern) continue;
    return invalid("worker.game '" + rule.pattern + "' is declared already at " + rules::to_string(earlier.place));
  }
  api.rules.games.push_back(std::move(rule));
  return 0;
}

base::Result<int> declare_window(lua_State* lua, Api& api) {
  return open_named<&finish_window>(lua, api, "worker.window");
}
base::Result<int> declare_dates(lua_State* lua, Api& api) {
  return open_named<&finish_dates>(lua, api, "worker.dates");
}
base::Result<int> declare_game(lua_State* lua, Api& api) {
  return open_named<&finish_game>(lua, api, "worker.game");
}

base::Result<int> declare_zone(lua_State* lua, Api& api) {
  CHECK_OK(while_loading(api, "worker.zone"));
  TRY(const auto name, read_text(lua, 1, "worker.zone"));
  if (api.rules.zone_place && api.rules.calendar.zone().name() != name) {
    return invalid("worker.zone '" + name + "': it is '" + api.rules.calendar.zone().name() + "' already at " +
                   rules::to_string(*api.rules.zone_place));
  }
  TRY(auto zone, rules::Zone::find(name));
  api.rules.calendar.set_zone(std::move(zone));
  api.rules.zone_place = declared_at(lua, api);
  return 0;
}

base::Result<int> declare_accept_during(lua_State* lua, Api& api) {
  CHECK_OK(while_loading(api, "worker.accept_during"));
  TRY(const auto table, TableReader::open(lua, 1, "worker.accept_during", {"except", "finish_before_end"}, true));
  if (api.rules.accept_during) {
    return invalid("worker.accept_during is declared already at " + rules::to_string(api.rules.accept_during->place));
  }
  rules::AcceptDuring rule{.place = declared_at(lua, api)};
  TRY(rule.names, table.list());
  if (rule.names.empty()) return table.error("entry 1", "is missing: name a window");
  TRY(rule.except, table.texts("except"));
  TRY(const auto before_end, table.span("finish_before_end"));
  rule.finish_before_end = before_end.value_or(base::Duration{});
  if (rule.finish_before_end > 24h) return table.error("finish_before_end", "must be at most 24h");
  for (const auto* names : {&rule.names, &rule.except}) {
    for (const std::string& name : *names) api.references.push_back({name, rule.place});
  }
  api.rules.accept_during = std::move(rule);
  return 0;
}

base::Result<int> declare_vram(lua_State* lua, Api& api) {
  CHECK_OK(while_loading(api, "worker.vram"));
  TRY(const auto table, TableReader::open(lua, 1, "worker.vram", {"keep_free", "at_most", "during"}, false));
  rules::VramRule rule{.place = declared_at(lua, api)};
  TRY(rule.keep_free, table.size("keep_free"));
  TRY(const auto at_most, table.text("at_most"));
  if (at_most && at_most->find('%') != std::string::npos) {
    const auto percent = rules::parse_percent(*at_most);
    if (!percent) return table.error("at_most", percent.error().message);
    rule.at_most_percent = *percent;
  } else if (at_most) {
    TRY(rule.at_most, table.size("at_most"));
  }
  if (!rule.keep_free && !at_most) return table.error("keep_free", "or 'at_most' is needed");
  TRY(const auto during, table.text("during"));
  rule.during = during.value_or("");
  if (during) api.references.push_back({*during, rule.place});
  if (api.rules.vram.size() == 1000) return invalid("worker.vram: there are 1000 entries already");
  api.rules.vram.push_back(std::move(rule));
  return 0;
}

base::Result<int> declare_hook(lua_State* lua, Api& api) {
  CHECK_OK(while_loading(api, "worker.on"));
  TRY(const auto event, read_text(lua, 1, "worker.on: the event"));
  if (event != "offer") return invalid("worker.on: " + rules::unknown_name("event", event, {"offer"}));
  if (lua_type(lua, 2) != LUA_TFUNCTION || lua_iscfunction(lua, 2) != 0) {
    return invalid("worker.on 'offer' needs a function as its second argument");
  }
  if (api.hooks.size() == 100) return invalid("worker.on: there are 100 hooks already");
  lua_pushvalue(lua, 2);
  api.hooks.push_back({luaL_ref(lua, LUA_REGISTRYINDEX), declared_at(lua, api)});
  return 0;
}

}  // namespace

void add_declarations(lua_State* lua) {
  const luaL_Reg functions[] = {
      {"zone", &api_entry<&declare_zone>},   {"window", &api_entry<&declare_window>},
      {"dates", &api_entry<&declare_dates>}, {"accept_during", &api_entry<&declare_accept_during>},
      {"game", &api_entry<&declare_game>},   {"vram", &api_entry<&declare_vram>},
      {"on", &api_entry<&declare_hook>}};
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
  }
}

}  // namespace policy::lua
