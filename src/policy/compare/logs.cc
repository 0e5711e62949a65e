// Where log records go: every kind of record that the entries can tell apart is routed on both sides.

#include <array>
#include <map>
#include <set>

#include "base/log.h"
#include "policy/compare/names.h"
#include "policy/compare/parts.h"
#include "policy/logs/log_table.h"
#include "policy/rules/units.h"

namespace policy::compare {
namespace {

using base::log::Level;
using logs::LogRule;
using logs::LogTable;

constexpr std::array kLevels = {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError};

std::string to_text(const LogRule& rule) {
  std::string text = logs::to_string(rule);
  if (rule.format) text += *rule.format == base::log::Format::kJson ? " as json" : " as text";
  if (rule.keep) text += ", keep " + rules::format_span(*rule.keep);
  if (rule.max_size) text += ", max_size " + exact_size(*rule.max_size);
  if (rule.at_most) {
    text += ", at_most " + std::to_string(rule.at_most->count) + " in " + rules::format_span(rule.at_most->per);
  }
  return text;
}

/// The entries without the limits, which would count what is tried here.
LogTable table_of(const rules::RuleSet& rules, Level usual) {
  auto entries = rules.logs;
  for (LogRule& entry : entries) entry.at_most.reset();
  return {std::move(entries), usual};
}

struct Route {
  std::string text;
  std::string places;
  bool operator<(const Route& other) const { return text < other.text; }
};

Route route(const rules::RuleSet& rules, LogTable& table, const base::log::Record& record) {
  const auto answer = table.ask(record, {});
  if (!answer.matched) return {"the usual places", ""};
  std::map<std::string, std::string> sinks;  // in an order that is not the one of the entries
  for (const std::size_t entry : answer.entries) {
    sinks.emplace(to_text(rules.logs[entry]), rules::to_string(rules.logs[entry].place));
  }
  Route route;
  for (const auto& [text, place] : sinks) {
    route.text += (route.text.empty() ? "" : " and ") + text;
    route.places += (route.places.empty() ? "" : ", ") + place;
  }
  if (route.text.empty()) route.text = "nowhere";
  return route;
}

std::vector<std::string> games_of(const Sides& sides, bool& exact) {
  std::vector<std::string_view> patterns;
  for (const rules::RuleSet* rules : {&sides.before, &sides.after}) {
    for (const LogRule& rule : rules->logs) {
      if (!rule.game.empty()) patterns.emplace_back(rule.game);
    }
  }
  auto names = representatives(patterns);
  exact = exact && names.all;
  names.texts.emplace_back();  // a record that names none
  return std::move(names.texts);
}

/// Every kind of record; `use` gets it with its name.
template <class Use>
void for_each_record(const std::vector<std::string>& games, Use use) {
  for (const std::string_view category : logs::categories()) {
    for (const bool of_job : {false, true}) {
      for (const std::string& game : games) {
        base::log::Record record;
        record.category = category;
        if (of_job) record.fields.emplace_back("job", "1");
        if (!game.empty()) record.fields.emplace_back("game", game);
        for (const Level level : kLevels) {
          record.level = level;
          use(record, std::string(base::log::to_string(level)) + " of " + record.category +
                          (of_job ? " about a job" : "") +
                          (game.empty() ? "" : " of game \"" + base::log::printable(game, 200) + "\""));
        }
      }
    }
  }
}

}  // namespace

void compare_logs(const Sides& sides, Diff& out) {
  if (sides.before.logs.empty() && sides.after.logs.empty()) return;
  const auto games = games_of(sides, out.exact);
  std::set<std::pair<Route, Route>> told;
  for (const Level usual : kLevels) {
    auto before = table_of(sides.before, usual);
    auto after = table_of(sides.after, usual);
    for_each_record(games, [&](const base::log::Record& record, const std::string& name) {
      const std::pair both{route(sides.before, before, record), route(sides.after, after, record)};
      const auto& [was, is] = both;
      if (was.text == is.text || !told.insert(both).second) return;
      out.differences.push_back({"logs", "some records go elsewhere: " + change(was.text, is.text),
                                 "a record " + name + ", with log_level " + std::string(base::log::to_string(usual)),
                                 was.places, is.places});
    });
  }
}

}  // namespace policy::compare
