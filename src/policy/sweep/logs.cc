#include <algorithm>

#include "policy/sweep/searches.h"

namespace policy::sweep {
namespace {

using base::log::Level;
using logs::LogRule;
using logs::Sink;

/// The lowest level that it takes; nothing: what the worker's own level lets through.
std::optional<Level> least(const LogRule& rule) {
  if (!rule.level && rule.sink == Sink::kNone) return Level::kDebug;
  return rule.level;
}

bool covers_level(const LogRule& earlier, const LogRule& later) {
  const auto from = least(earlier);
  const auto to = least(later);
  if (from == Level::kDebug) return true;
  // The studio takes no debug records, whatever the worker's level is.
  if (from == Level::kInfo && !to && later.sink == Sink::kStudio) return true;
  return from && to ? *from <= *to : !from && !to && earlier.sink != Sink::kStudio;
}

/// Whether every record that the later one matches is matched by the earlier one.
bool covers(const LogRule& earlier, const LogRule& later) {
  const bool about =
      earlier.about.empty() ||
      (!later.about.empty() && std::all_of(later.about.begin(), later.about.end(), [&](const std::string& name) {
        return std::find(earlier.about.begin(), earlier.about.end(), name) != earlier.about.end();
      }));
  const bool game = earlier.game.empty() || (!later.game.empty() && includes(earlier.game, later.game));
  return about && game && covers_level(earlier, later);
}

bool ends_the_search(const LogRule& rule) {
  return rule.stop || rule.sink == Sink::kNone;
}

}  // namespace

void search_logs(const rules::RuleSet& rules, Warnings& found) {
  for (std::size_t i = 0; i < rules.logs.size(); ++i) {
    const LogRule& rule = rules.logs[i];
    const std::string entry = "worker.log_to " + in_quotes(logs::to_string(rule)) + " never gets a record: ";
    for (std::size_t j = 0; j < i; ++j) {
      const LogRule& earlier = rules.logs[j];
      if (!covers(earlier, rule)) continue;
      const bool same_sink = earlier.sink == rule.sink && earlier.file == rule.file && rule.sink != Sink::kNone;
      if (ends_the_search(earlier)) {
        found.push_back({rule.place, entry + "the entry" + at(earlier.place) +
                                         " takes all that it would, and ends the search; put it in front of that one"});
        break;
      }
      // A `stop` still means something.
      if (!same_sink || rule.stop) continue;
      found.push_back({rule.place, entry + "the entry" + at(earlier.place) + " writes the same ones to this sink"});
      break;
    }
  }
}

}  // namespace policy::sweep
