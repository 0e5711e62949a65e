#include <chrono>

#include "policy/lua/declare/declare.h"

namespace policy::lua {
namespace {

using namespace std::chrono_literals;

base::Status check_new_name(const Api& api, std::string_view name) {
  const auto earlier = api.rules.calendar.find(name);
  if (!earlier) return {};
  return invalid("'" + std::string(name) + "' is declared already at " + rules::to_string(*earlier));
}

base::Result<rules::DayTime> day_time(const TableReader& table, const char* key) {
  TRY(const auto text, table.text(key));
  STUDIO_ASSERT(text);
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
  if (days.empty())
    return table.has("days") ? table.error("days", "is empty; leave it out for every day") : base::Status();
  window.days = 0;
  for (const std::string& text : days) {
    const auto set = rules::parse_days(text);
    if (!set) return table.error("days", set.error().message);
    window.days = static_cast<rules::DaySet>(window.days | *set);
  }
  return {};
}

/// A window needs a start and an end: what is missing is named with what to add.
base::Status check_ends(const TableReader& table) {
  const bool ends = table.has("to") || table.has("lasts");
  if (table.has("from")) {
    return ends ? base::Status() : table.error("from", "has no end: add to = '07:00', or lasts = '8h'");
  }
  if (ends) return table.error(table.has("to") ? "to" : "lasts", "has no start: add from = '22:00'");
  return table.error("from", "is missing: add from = '22:00' and to = '07:00', or all_day = true");
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
  CHECK_OK(check_ends(table));
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
  TRY(const auto table,
      open_table(lua, "worker.window", "worker.window '" + window.name + "'", names::kWindowKeys, false));
  CHECK_OK(check_new_name(api, window.name));
  CHECK_OK(read_days(table, window));
  CHECK_OK(read_hours(table, window));
  api.rules.calendar.add(std::move(window));
  return 0;
}

base::Result<int> finish_dates(lua_State* lua, Api& api) {
  rules::DateSet dates{.name = opened_name(lua, api, "worker.dates"), .place = declared_at(lua, api)};
  TRY(const auto table, open_table(lua, "worker.dates", "worker.dates '" + dates.name + "'", {}, true));
  CHECK_OK(check_new_name(api, dates.name));
  TRY(const auto texts, table.list());
  if (texts.empty()) return wrong_form("worker.dates", "worker.dates '" + dates.name + "' names no day");
  for (const std::string& text : texts) {
    const auto range = rules::parse_dates(text);
    if (!range) return table.error("entry", range.error().message);
    dates.ranges.push_back(*range);
  }
  api.rules.calendar.add(std::move(dates));
  return 0;
}

base::Result<int> declare_window(lua_State* lua, Api& api) {
  return open_named<&finish_window>(lua, api, "worker.window");
}
base::Result<int> declare_dates(lua_State* lua, Api& api) {
  return open_named<&finish_dates>(lua, api, "worker.dates");
}

base::Result<int> declare_zone(lua_State* lua, Api& api) {
  CHECK_OK(while_loading(api, "worker.zone"));
  if (lua_type(lua, 1) != LUA_TSTRING) {
    return wrong_form("worker.zone", std::string("worker.zone must be a string, not a ") + luaL_typename(lua, 1));
  }
  CHECK_OK(check_count(lua, 1, "worker.zone", "one name"));
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
  TRY(const auto table,
      open_table(lua, "worker.accept_during", "worker.accept_during", names::kAcceptDuringKeys, true));
  if (api.rules.accept_during) {
    return invalid("worker.accept_during is declared already at " + rules::to_string(api.rules.accept_during->place));
  }
  rules::AcceptDuring rule{.place = declared_at(lua, api)};
  TRY(rule.names, table.list());
  if (rule.names.empty()) {
    return wrong_form("worker.accept_during",
                      "worker.accept_during names no window: name one, or leave it out to take work at any time");
  }
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

}  // namespace

void add_time_declarations(lua_State* lua) {
  add_functions(lua, {{names::function_name("zone"), &api_entry<&declare_zone>},
                      {names::function_name("window"), &api_entry<&declare_window>},
                      {names::function_name("dates"), &api_entry<&declare_dates>},
                      {names::function_name("accept_during"), &api_entry<&declare_accept_during>}});
}

}  // namespace policy::lua
