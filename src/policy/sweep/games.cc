#include <algorithm>

#include "policy/sweep/searches.h"

namespace policy::sweep {
namespace {

using rules::GameRule;
using rules::RuleSet;

std::string entry(const GameRule& game) {
  return "worker.game " + in_quotes(game.pattern);
}

/// An earlier entry applies to all of its games.
const GameRule* hider(const RuleSet& rules, std::size_t place) {
  for (std::size_t i = 0; i < place; ++i) {
    if (includes(rules.games[i].pattern, rules.games[place].pattern)) return &rules.games[i];
  }
  return nullptr;
}

/// The most that jobs may use at any moment of the horizon; nothing when it is not bounded at some moment. Looks no
/// further than to the first moment at which it is more than `enough`.
std::optional<base::Bytes> largest_budget(RuleSet& rules, const Surroundings& around, base::Bytes enough) {
  const auto total = job::total_memory(around.cards);
  base::Bytes largest = 0;
  const auto end = around.now + kHorizon;
  for (auto when = around.now; when < end;) {
    const auto bound = rules.vram_bound(when, around.cards);
    auto most = bound.bytes ? bound.bytes : total;
    if (!most) return std::nullopt;
    if (total) most = std::min(*most, *total);
    largest = std::max(largest, *most);
    if (largest >= enough || bound.until <= when) break;
    when = bound.until;
  }
  return largest;
}

void search_models(const GameRule& game, Warnings& found) {
  for (std::size_t i = 0; i < game.models.size(); ++i) {
    for (std::size_t j = 0; j < game.models.size(); ++j) {
      const bool same = game.models[i] == game.models[j];
      if (i == j || (same && i < j) || !includes(game.models[j], game.models[i])) continue;
      found.push_back({game.place, entry(game) + ": the model " + in_quotes(game.models[i]) + " adds nothing to " +
                                       in_quotes(game.models[j])});
      break;
    }
  }
}

/// Everything of it is declined, whatever else it says.
void search_declined(const GameRule& game, Warnings& found) {
  std::string idle;
  const auto add = [&idle](bool is_there, std::string_view key) {
    if (is_there) idle += (idle.empty() ? "" : ", ") + std::string(key);
  };
  add(!game.kinds.empty(), "kinds");
  add(!game.models.empty(), "models");
  add(game.max_vram.has_value(), "max_vram");
  add(game.max_time.has_value(), "max_time");
  add(game.quota.has_value(), "quota");
  if (idle.empty()) return;
  found.push_back({game.place, entry(game) + " declines every job of it with accept = false, so " + idle +
                                   " never counts: to decline some only, name what is accepted"});
}

/// Whether work is taken at some moment of the horizon at which the window is open.
bool meets_opening(RuleSet& rules, const std::string& window, base::WallTime now) {
  const auto end = now + kHorizon;
  for (auto when = now; when < end;) {
    const auto opening = rules.calendar.opening(*rules.accept_during, when);
    const bool begins = rules.calendar.holds_until(window, when) < opening.valid.end;
    if (opening.open && (begins || rules.calendar.inside(window, when))) return true;
    when = opening.valid.end;
  }
  return false;
}

/// Outside of its window a quota bounds nothing.
void search_quota(RuleSet& rules, const GameRule& game, base::WallTime now, Warnings& found) {
  if (!game.quota || !rules.accept_during || !rules.calendar.is_window(game.quota->per)) return;
  if (meets_opening(rules, game.quota->per, now)) return;
  found.push_back({game.place, entry(game) + ": its quota never counts: no work is taken during " +
                                   in_quotes(game.quota->per) + at(rules.accept_during->place)});
}

void search_bounds(RuleSet& rules, const GameRule& game, const Surroundings& around, Warnings& found) {
  if (game.max_time == base::Duration()) {
    found.push_back({game.place, entry(game) + ": max_time = 0s ends every job as it begins; write accept = false"});
  }
  if (!game.max_vram) return;
  if (*game.max_vram == 0) {
    found.push_back({game.place, entry(game) + ": max_vram = 0 declines every job that needs memory of a card; write "
                                               "accept = false"});
    return;
  }
  const auto budget = largest_budget(rules, around, *game.max_vram);
  if (!budget || *budget >= *game.max_vram) return;
  found.push_back({game.place, entry(game) + ": max_vram = " + rules::format_size(*game.max_vram) +
                                   " never counts: jobs have at most " + rules::format_size(*budget) + " at any time"});
}

}  // namespace

void search_games(RuleSet& rules, const Surroundings& around, Warnings& found) {
  bool some = rules.games.empty();
  for (std::size_t i = 0; i < rules.games.size(); ++i) {
    const GameRule& game = rules.games[i];
    if (const GameRule* earlier = hider(rules, i)) {
      found.push_back({game.place, entry(game) + " never applies: " + in_quotes(earlier->pattern) + at(earlier->place) +
                                       " stands before it and matches all that it matches; put " +
                                       "it in front of that one"});
      continue;
    }
    some = some || game.accept;
    if (!game.accept) {
      search_declined(game, found);
    } else {
      search_bounds(rules, game, around, found);
      search_quota(rules, game, around.now, found);
      search_models(game, found);
    }
  }
  if (some) return;
  found.push_back({rules.games.front().place,
                   "every worker.game entry declines, and a game without an entry is declined too, so no job is ever "
                   "accepted: add worker.game '*' {}",
                   true});
}

}  // namespace policy::sweep
