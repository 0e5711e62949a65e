#include "policy/rules/poll.h"

#include <utility>

namespace policy::rules {

void Poll::ask(RuleSet& rules, const job::Offer& offer, const job::Facts& facts) {
  if (rules.accept_during) add(rules.vote_opening(facts.now, explain_, facts.est_time));
  if (rules.games.empty() || !open()) return;
  const auto* rule = rules.game_rule(offer.game.str());
  if (explain_) skip_games(rules.games, rule, true);
  add(rules.vote_game(rule, offer, explain_));
  if (rule != nullptr && rule->accept && rule->quota && open()) add(rules.vote_quota(*rule, facts, explain_));
  if (explain_) skip_games(rules.games, rule, false);
  if (rule != nullptr) set_plan(*rule);
}

void Poll::decline(job::RejectCode code, std::string reason, const Place& place) {
  if (!decision_.accepted) return;
  decision_.accepted = false;
  decision_.code = code;
  decision_.reason = std::move(reason);
  decision_.rule = to_string(place);
  decision_.plan = {};
}

void Poll::accept(const Place& place) {
  if (decision_.accepted) decision_.rule = to_string(place);
}

void Poll::trace(job::Vote vote, const Place& place, std::string text) {
  if (explain_) decision_.trace.push_back({vote, to_string(place), std::move(text)});
}

void Poll::add(Ballot ballot) {
  trace(ballot.vote, ballot.place, std::move(ballot.text));
  if (ballot.vote == job::Vote::kDecline) decline(ballot.code, std::move(ballot.reason), ballot.place);
}

/// The entries before (or after) the one that applies, for the trace.
void Poll::skip_games(const std::vector<GameRule>& games, const GameRule* applies, bool before) {
  bool seen = false;
  for (const GameRule& game : games) {
    if (&game == applies) seen = true;
    if (&game == applies || seen == before) continue;
    trace(job::Vote::kSkipped, game.place,
          "game entry \"" + game.pattern + (before ? "\" does not match" : "\": an earlier entry applies"));
  }
}

void Poll::set_plan(const GameRule& rule) {
  if (!decision_.accepted) return;
  decision_.plan.max_vram = rule.max_vram;
  decision_.plan.max_time = rule.max_time;
  decision_.rule = to_string(rule.place);
}

}  // namespace policy::rules
