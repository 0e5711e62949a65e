#include "policy/rules/rule_set.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace policy::rules {
namespace {

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

Ballot decline(const Place& place, job::RejectCode code, std::string reason) {
  return {job::Vote::kDecline, code, reason, std::move(reason), place};
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const std::string& pattern) { return matches(pattern, text); });
}

/// Why the entry declines the offer; empty when it does not.
std::string objection(const GameRule& rule, const job::Offer& offer) {
  if (!rule.accept) return "game " + in_quotes(offer.game.str()) + " is not accepted here";
  if (!rule.kinds.empty() && std::find(rule.kinds.begin(), rule.kinds.end(), offer.kind) == rule.kinds.end()) {
    return "kind " + in_quotes(job::to_string(offer.kind)) + " is not accepted for game " + in_quotes(offer.game.str());
  }
  if (!rule.models.empty() && !any_matches(rule.models, offer.model.str())) {
    return "model " + in_quotes(offer.model.str()) + " is not accepted for game " + in_quotes(offer.game.str());
  }
  if (rule.max_vram && job::vram_bytes(offer) > *rule.max_vram) {
    return "needs " + format_size(job::vram_bytes(offer)) + " of VRAM, the limit for this game is " +
           format_size(*rule.max_vram);
  }
  return {};
}

std::string limits_text(const GameRule& rule) {
  std::string text = "game entry " + in_quotes(rule.pattern);
  if (rule.max_vram) text += ", at most " + format_size(*rule.max_vram);
  if (rule.max_time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*rule.max_time).count();
    text += ", at most " + std::to_string(seconds) + " s";
  }
  return text;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string format_size(base::Bytes bytes) {
  std::array<char, 32> text{};
  const double gib = static_cast<double>(bytes) / static_cast<double>(base::kGiB);
  if (gib >= 1)
    std::snprintf(text.data(), text.size(), "%.4g GiB", gib);
  else
    std::snprintf(text.data(), text.size(), "%.4g MiB", gib * 1024);
  return text.data();
}

const GameRule* RuleSet::game_rule(std::string_view game) const {
  for (const GameRule& rule : games) {
    if (matches(rule.pattern, game)) return &rule;
  }
  return nullptr;
}

Ballot RuleSet::vote_game(const GameRule* rule, const job::Offer& offer, bool explain) const {
  if (rule == nullptr) {
    return decline(games.back().place, job::RejectCode::kNone, "no rule for game " + in_quotes(offer.game.str()));
  }
  const std::string why = objection(*rule, offer);
  if (why.empty()) return {.text = explain ? limits_text(*rule) : "", .place = rule->place};
  auto ballot = decline(rule->place, job::RejectCode::kNone, rule->reason.empty() ? why : rule->reason);
  ballot.text = why;
  return ballot;
}

std::optional<job::Used> RuleSet::used(const GameRule& rule, const job::Facts& facts) {
  if (facts.usage == nullptr) return std::nullopt;
  const auto start = calendar.period(rule.quota->per, facts.now).start;
  if (!start) return std::nullopt;
  job::Used sum;
  for (const job::GameUse& use : facts.usage->since(*start, facts.now)) {
    if (game_rule(use.game) == &rule) sum.add(use.used);
  }
  return sum;
}

Ballot RuleSet::vote_quota(const GameRule& rule, const job::Facts& facts, bool explain) {
  const Quota& quota = *rule.quota;
  Ballot ballot{.place = rule.place};
  if (facts.usage == nullptr) {
    if (explain) ballot.text = "quota of " + to_text(quota) + ": what is used is unknown outside of a running worker";
    return ballot;
  }
  const auto sum = used(rule, facts);
  const Period& period = calendar.period(quota.per, facts.now);
  if (!sum) {
    if (explain) {
      ballot.text = "quota of " + to_text(quota) + " does not count now" + next_text(quota, period, calendar.zone());
    }
    return ballot;
  }
  std::string why = objection(quota, *sum);
  if (why.empty()) {
    if (explain) ballot.text = "quota: " + state_text(quota, *sum);
    return ballot;
  }
  ballot = decline(rule.place, job::RejectCode::kPaused, std::move(why));
  ballot.text += next_text(quota, period, calendar.zone());
  return ballot;
}

Ballot RuleSet::vote_opening(base::WallTime now, bool explain, std::optional<base::Duration> est_time) {
  const AcceptDuring& rule = *accept_during;
  if (!opening_.valid.contains(now)) opening_ = calendar.opening(rule, now);
  const auto local = [this](base::WallTime when) { return format_local(calendar.zone(), when); };
  if (opening_.open) {
    const auto needed = std::max(rule.finish_before_end, est_time.value_or(base::Duration()));
    if (opening_.bounded && opening_.valid.end - now < needed) {
      auto ballot = decline(rule.place, job::RejectCode::kPaused, "would not finish before the window ends");
      ballot.text += " (" + in_quotes(opening_.window) + " ends " + local(opening_.valid.end) +
                     (est_time ? ", it takes about " + format_span(*est_time) + ")" : ")");
      return ballot;
    }
    Ballot ballot{.place = rule.place};
    if (explain) {
      ballot.text = "inside " + in_quotes(opening_.window) + " (since " + local(opening_.valid.start) +
                    (opening_.bounded ? ", ends " + local(opening_.valid.end) + ")" : ")");
    }
    return ballot;
  }
  std::string reason =
      opening_.closed_by.empty() ? "outside the hours for work" : "closed by " + in_quotes(opening_.closed_by);
  if (opening_.bounded) reason += "; next " + in_quotes(opening_.window) + " starts " + local(opening_.valid.end);
  return decline(rule.place, job::RejectCode::kPaused, std::move(reason));
}

std::vector<Interval> RuleSet::open_times(const Interval& range) const {
  if (!accept_during) return {range};
  return calendar.open_times(*accept_during, range);
}

std::vector<Interval> RuleSet::claim_times(const Interval& range) const {
  if (!accept_during) return {range};
  const auto last_stretch = accept_during->finish_before_end;
  auto times = calendar.open_times(*accept_during, {range.start, range.end + last_stretch});
  for (Interval& time : times) time.end -= last_stretch;
  std::erase_if(times, [](const Interval& time) { return time.end <= time.start; });
  return cut_to(times, range);
}

VramBound RuleSet::vram_bound(base::WallTime now, std::span<const job::GpuFacts> cards) {
  const auto total = job::total_memory(cards);
  VramBound bound;
  for (const VramRule& rule : vram) {
    if (!rule.during.empty()) {
      bound.until = std::min(bound.until, calendar.holds_until(rule.during, now));
      if (!calendar.inside(rule.during, now)) continue;
    }
    const auto bytes = allowed(rule, total, cards);
    if (!bytes || (bound.bytes && *bound.bytes <= *bytes)) continue;
    bound.bytes = bytes;
    bound.place = rule.place;
  }
  return bound;
}

}  // namespace policy::rules
