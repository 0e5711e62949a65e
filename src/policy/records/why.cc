// What would have accepted a refused offer: only what follows exactly from the declarations.

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "policy/records/replay.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/units.h"

namespace policy::records {
namespace {

constexpr std::int64_t kMinute = 60;

/// One change, and how far it has to go for one offer: bytes or seconds. The smaller, the nearer; `rounded` writes it
/// so that it is still enough.
struct Need {
  std::string change;
  std::int64_t amount = 0;
  std::string (*rounded)(std::int64_t) = nullptr;  // nothing = the change has no value
  base::Bytes more = 0;                            // than what is declared, of a size
};

std::string in_mebibytes(std::int64_t bytes) {
  constexpr auto kUnit = static_cast<std::int64_t>(base::kMiB);
  return std::to_string((bytes + kUnit - 1) / kUnit) + "MiB";
}

std::string in_minutes(std::int64_t seconds) {
  return std::to_string((seconds + kMinute - 1) / kMinute) + "m";
}

std::string in_hours(std::int64_t seconds) {
  return rules::format_span(std::chrono::minutes((seconds + kMinute - 1) / kMinute));
}

std::string in_jobs(std::int64_t jobs) {
  return std::to_string(jobs);
}

/// Given as the negative: the offer that needs the largest reduction needs the smallest value.
std::string in_seconds_left(std::int64_t negative) {
  return std::to_string(-negative) + "s";
}

std::int64_t seconds_up(base::Duration span) {
  return std::chrono::ceil<std::chrono::seconds>(span).count();
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const std::string& pattern) { return rules::matches(pattern, text); });
}

void add_needs_of_quota(rules::RuleSet& rules, const rules::GameRule& rule, const job::Facts& facts,
                        std::vector<Need>& needs) {
  const auto used = rule.quota ? rules.used(rule, facts) : std::nullopt;
  if (!used) return;
  if (rule.quota->jobs && used->jobs >= *rule.quota->jobs) {
    needs.push_back({"quota jobs", static_cast<std::int64_t>(used->jobs + 1), &in_jobs});
  }
  if (rule.quota->gpu_time && used->gpu_time >= *rule.quota->gpu_time) {
    needs.push_back({"quota gpu_time", seconds_up(used->gpu_time) + 1, &in_minutes});
  }
}

/// What the entry for the offer's game objects to.
std::vector<Need> needs_of_game(rules::RuleSet& rules, const job::Offer& offer, const job::Facts& facts) {
  const rules::GameRule* rule = rules.game_rule(offer.game.str());
  if (rule == nullptr) return {{"an entry for game '" + offer.game.str() + "'"}};
  std::vector<Need> needs;
  if (!rule->accept) needs.push_back({"accept = true"});
  if (!rule->kinds.empty() && std::find(rule->kinds.begin(), rule->kinds.end(), offer.kind) == rule->kinds.end()) {
    needs.push_back({"kinds with '" + std::string(job::to_string(offer.kind)) + "'"});
  }
  if (!rule->models.empty() && !any_matches(rule->models, offer.model.str())) {
    needs.push_back({"models with '" + offer.model.str() + "'"});
  }
  if (rule->max_vram && job::vram_bytes(offer) > *rule->max_vram) {
    const base::Bytes needed = job::vram_bytes(offer);
    needs.push_back({"max_vram", static_cast<std::int64_t>(needed), &in_mebibytes, needed - *rule->max_vram});
  }
  add_needs_of_quota(rules, *rule, facts, needs);
  return needs;
}

/// What accept_during objects to: the end comes too soon, an exception, or the time until it opens.
std::vector<Need> needs_of_hours(const rules::RuleSet& rules, base::WallTime now) {
  const rules::AcceptDuring& during = *rules.accept_during;
  const auto opening = rules.calendar.opening(during, now);
  const base::Duration left = opening.valid.end - now;
  if (opening.open) {
    return {
        {"finish_before_end of at most", -std::chrono::floor<std::chrono::seconds>(left).count(), &in_seconds_left}};
  }
  if (!opening.closed_by.empty()) return {{"except without '" + opening.closed_by + "'"}};
  // What would open today would be excepted, too.
  const rules::Interval moment{now, now + std::chrono::seconds(1)};
  const bool excepted = std::any_of(during.except.begin(), during.except.end(), [&](const std::string& name) {
    return !rules.calendar.times(name, moment).empty();
  });
  if (excepted) return {};
  // Nobody opens a window a day earlier: another one is missing.
  if (!opening.bounded || left > std::chrono::hours(24)) return {{"a window for this hour"}};
  return {{"'" + opening.window + "' opens earlier by", seconds_up(left), &in_hours}};
}

/// The single change of a declaration that accepts the offer; nothing when there is none, with the reason counted.
/// `rules`: those of `today`.
std::optional<Need> remedy(PolicyRuntime& today, rules::RuleSet& rules, const job::Offer& offer,
                           const job::Facts& facts, Refusals& refusals) {
  const auto verdict = today.decide(offer, facts, true);
  if (verdict.decision.accepted) {
    ++refusals.pass_today;
    return std::nullopt;
  }
  std::vector<std::string> objecting;
  for (const job::TraceLine& line : verdict.decision.trace) {
    if (line.vote == job::Vote::kDecline) objecting.push_back(line.rule);
  }
  std::vector<Need> needs;
  if (objecting.size() == 1) {
    const std::string& rule = objecting.front();
    const auto is_game = [&](const rules::GameRule& game) { return rules::to_string(game.place) == rule; };
    if (rules.accept_during && rule == rules::to_string(rules.accept_during->place)) {
      needs = needs_of_hours(rules, facts.now);
    } else if (std::any_of(rules.games.begin(), rules.games.end(), is_game)) {
      needs = needs_of_game(rules, offer, facts);
    } else {
      ++refusals.by_function;
      return std::nullopt;
    }
  }
  if (needs.size() == 1) return std::move(needs.front());
  ++refusals.by_several;
  return std::nullopt;
}

/// What all refused offers of one recorded rule come to.
struct Gathered {
  struct Range {
    Need least;
    std::int64_t most = 0;
    std::uint64_t offers = 0;
  };
  Refusals refusals;
  std::map<std::string, Range> changes;

  void add(Need need) {
    auto& range = changes[need.change];
    range.most = range.offers == 0 ? need.amount : std::max(range.most, need.amount);
    if (range.offers++ == 0 || need.amount < range.least.amount) range.least = std::move(need);
  }
  Refusals finish() {
    for (auto& [change, range] : changes) {
      Remedy remedy{.change = change, .offers = range.offers};
      if (range.least.rounded != nullptr) {
        remedy.least = range.least.rounded(range.least.amount);
        remedy.most = range.least.rounded(range.most);
      }
      refusals.remedies.push_back(std::move(remedy));
    }
    std::stable_sort(refusals.remedies.begin(), refusals.remedies.end(),
                     [](const Remedy& a, const Remedy& b) { return a.offers > b.offers; });
    return std::move(refusals);
  }
};

}  // namespace

std::string single_change(PolicyRuntime& policy, const job::Offer& offer, const job::Facts& facts) {
  Refusals counted;
  rules::RuleSet rules = policy.rules();
  const auto need = remedy(policy, rules, offer, facts, counted);
  if (!need) return {};
  std::string text = need->change;
  if (need->rounded != nullptr) text += " " + need->rounded(need->amount);
  if (need->more > 0) text += " (" + rules::format_size(need->more) + " more)";
  return text;
}

WhyReport why(PolicyRuntime& today, const std::filesystem::path& folder, base::WallTime since) {
  WhyReport report;
  std::map<std::string, Gathered> by_rule;
  rules::RuleSet rules = today.rules();
  job::UsageLog usage;
  const auto past = [&](const DecisionRecord& record) { count(usage, record); };
  report.read = for_each_with_past(folder, since, past, [&](const DecisionRecord& record) {
    if (record.decision.accepted) return past(record);
    ++report.refused;
    Gathered& gathered = by_rule[record.decision.rule];
    Refusals& refusals = gathered.refusals;
    if (refusals.offers++ == 0) {
      refusals.rule = record.decision.rule;
      refusals.reason = record.decision.reason;
    }
    job::Facts facts = record.facts;
    facts.usage = &usage;
    if (auto need = remedy(today, rules, record.offer, facts, refusals)) gathered.add(std::move(*need));
  });
  for (auto& entry : by_rule) report.rules.push_back(entry.second.finish());
  std::stable_sort(report.rules.begin(), report.rules.end(),
                   [](const Refusals& a, const Refusals& b) { return a.offers > b.offers; });
  return report;
}

}  // namespace policy::records
