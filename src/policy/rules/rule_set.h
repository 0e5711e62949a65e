#pragma once
// RuleSet: what the operator's files declare, and the votes of the declared rules on an offer. Pure, no Lua.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/decision.h"
#include "job/offer.h"
#include "policy/logs/log_rule.h"
#include "policy/pause/pause_rule.h"
#include "policy/rules/calendar.h"
#include "policy/rules/place.h"
#include "policy/rules/quota/quota.h"
#include "policy/rules/vram.h"

namespace policy::rules {

/// `*` stands for any run of characters; everything else for itself.
bool matches(std::string_view pattern, std::string_view text);

/// The first entry whose pattern matches applies.
struct GameRule {
  std::string pattern;
  Place place;
  bool accept = true;
  std::vector<job::Kind> kinds;     // empty = all
  std::vector<std::string> models;  // patterns; empty = all
  std::optional<base::Bytes> max_vram;
  std::optional<base::Duration> max_time;
  std::string reason;          // given to the studio when this entry declines, except for a quota: that ends
  std::optional<Quota> quota;  // of all games to which this entry applies, together
};

/// One rule's part in a decision.
struct Ballot {
  job::Vote vote = job::Vote::kPass;
  job::RejectCode code = job::RejectCode::kNone;
  std::string reason;  // of a decline, for the studio
  std::string text;    // for an explanation; empty unless asked for
  Place place;
};

/// "12.5 GiB".
std::string format_size(base::Bytes bytes);

struct RuleSet {
  explicit RuleSet(Zone zone = Zone::machine()) : calendar(std::move(zone)) {}

  Calendar calendar;
  std::optional<Place> zone_place;
  std::optional<AcceptDuring> accept_during;
  std::vector<GameRule> games;
  std::vector<VramRule> vram;
  std::vector<pause::PauseRule> pauses;
  std::vector<logs::LogRule> logs;

  /// The entry that applies; nullptr when none matches.
  const GameRule* game_rule(std::string_view game) const;
  /// Requires: `game_rule(offer.game)` gave `rule`, and there is at least one entry.
  Ballot vote_game(const GameRule* rule, const job::Offer& offer, bool explain) const;
  /// Requires: rule.quota. Between two occurrences of a window, and where the usage is unknown, it does not bound.
  Ballot vote_quota(const GameRule& rule, const job::Facts& facts, bool explain);
  /// Requires: rule.quota. What counts for it at this time; nothing where it does not bound.
  std::optional<job::Used> used(const GameRule& rule, const job::Facts& facts);
  /// Requires: accept_during is declared and its names are known. Cached: one comparison while the answer holds.
  /// An offer that is known to take longer than the window is open declines too.
  Ballot vote_opening(base::WallTime now, bool explain, std::optional<base::Duration> est_time = std::nullopt);
  /// When `accept_during` lets work be taken, merged; all of `range` when it is not declared.
  std::vector<Interval> open_times(const Interval& range) const;
  /// Those without the last stretch that `finish_before_end` keeps free of new jobs.
  std::vector<Interval> claim_times(const Interval& range) const;
  /// `cards`: all that the machine has.
  VramBound vram_bound(base::WallTime now, std::span<const job::GpuFacts> cards);

 private:
  Opening opening_;
};

}  // namespace policy::rules
