#include "policy/logs/log_rule.h"
#include "policy/lua/declare/declare.h"
#include "policy/names/words.h"
#include "policy/rules/nearest.h"

namespace policy::lua {
namespace {

using base::log::Format;
using logs::LogRule;
using logs::Sink;

base::Result<std::optional<Format>> read_format(const TableReader& table) {
  TRY(const auto name, table.text("format"));
  if (!name) return std::optional<Format>();
  for (std::size_t i = 0; i < names::kFormats.size(); ++i) {
    if (names::kFormats.at(i) == *name) return std::optional(static_cast<Format>(i));
  }
  return table.error("format", rules::unknown_name("format", *name, names::spelled(names::kFormats)));
}

base::Status read_which(const TableReader& table, LogRule& rule) {
  TRY(const auto level, table.text("level"));
  if (level) {
    const auto known = logs::parse_level(*level);
    if (!known) return table.error("level", known.error().message);
    rule.level = *known;
  }
  TRY(rule.about, table.texts("about"));
  if (table.has("about") && rule.about.empty()) return table.error("about", "is empty; leave it out for everything");
  auto known = logs::categories();
  known.push_back(logs::kAboutJobs);
  for (const std::string& name : rule.about) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto message = rules::unknown_name("category", name, known);
    if (rules::nearest(name, known).empty()) {
      message += "; known:";
      for (const std::string_view each : known) message += " " + std::string(each);
    }
    return table.error("about", message);
  }
  TRY(const auto game, table.text("game"));
  rule.game = game.value_or("");
  TRY(const auto stop, table.flag("stop"));
  rule.stop = stop.value_or(false);
  return {};
}

base::Status read_how(const TableReader& table, LogRule& rule) {
  TRY(rule.format, read_format(table));
  TRY(rule.keep, table.span("keep"));
  if (rule.keep && *rule.keep < logs::kShortestKeep) return table.error("keep", "is shorter than an hour");
  TRY(rule.max_size, table.size("max_size"));
  if (rule.max_size && *rule.max_size < logs::kSmallestFile) return table.error("max_size", "is less than 1MiB");
  TRY(const auto at_most, table.text("at_most"));
  if (at_most) {
    const auto rate = rules::parse_rate(*at_most);
    if (!rate) return table.error("at_most", rate.error().message);
    rule.at_most = *rate;
  }
  return {};
}

/// Keys that mean nothing for the sink would only look as if they did something.
base::Status check_sink(const TableReader& table, const LogRule& rule) {
  if (rule.sink != Sink::kFile) {
    for (const char* key : {"keep", "max_size"}) {
      if (table.has(key)) return table.error(key, "is only for files: worker.log_to 'file:NAME'");
    }
  }
  if (rule.format && rule.sink != Sink::kFile && rule.sink != Sink::kConsole) {
    return table.error("format", "is only for the console and for files");
  }
  if (rule.sink == Sink::kNone && rule.at_most) return table.error("at_most", "does not go with 'none'");
  if (rule.sink == Sink::kStudio && rule.level == base::log::Level::kDebug) {
    return table.error("level", "the studio takes 'info', 'warn' and 'error'");
  }
  return {};
}

/// Two entries may share a file, but it has one age and one size.
base::Status check_shared_file(const TableReader& table, const LogRule& rule, const std::vector<LogRule>& entries) {
  for (const LogRule& earlier : entries) {
    if (rule.sink != Sink::kFile || earlier.sink != Sink::kFile || earlier.file != rule.file) continue;
    const auto differs = [](const auto& one, const auto& other) { return one && other && *one != *other; };
    const std::string there = "differs from that of the same file at " + rules::to_string(earlier.place);
    if (differs(rule.keep, earlier.keep)) return table.error("keep", there);
    if (differs(rule.max_size, earlier.max_size)) return table.error("max_size", there);
  }
  return {};
}

base::Result<int> finish_log_to(lua_State* lua, Api& api) {
  const std::string target = opened_name(lua, api, "worker.log_to");
  LogRule rule{.place = declared_at(lua, api)};
  TRY(auto parsed, logs::parse_target(target));
  rule.sink = parsed.sink;
  rule.file = std::move(parsed.file);
  TRY(const auto table, open_table(lua, "worker.log_to", "worker.log_to '" + target + "'", names::kLogToKeys, false));
  CHECK_OK(read_which(table, rule));
  CHECK_OK(read_how(table, rule));
  CHECK_OK(check_sink(table, rule));
  CHECK_OK(check_shared_file(table, rule, api.rules.logs));
  if (api.rules.logs.size() == logs::kMostRules) return invalid("worker.log_to: there are 100 entries already");
  api.rules.logs.push_back(std::move(rule));
  return 0;
}

/// A misspelt sink is told at once: without its table nothing else would be said about it.
base::Result<int> declare_log_to(lua_State* lua, Api& api) {
  if (lua_type(lua, 1) == LUA_TSTRING) {
    TRY(const auto target, read_text(lua, 1, "worker.log_to: the sink"));
    if (auto known = logs::parse_target(target); !known) return std::move(known).error().within("worker.log_to");
  }
  return open_named<&finish_log_to>(lua, api, "worker.log_to");
}

}  // namespace

void add_log_declarations(lua_State* lua) {
  add_functions(lua, {{names::function_name("log_to"), &api_entry<&declare_log_to>}});
}

}  // namespace policy::lua
