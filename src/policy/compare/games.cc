// Which offers are accepted: every case that the declarations can tell apart is tried on both sides.

#include <algorithm>
#include <map>
#include <set>

#include "base/log.h"
#include "base/text/counted.h"
#include "policy/compare/names.h"
#include "policy/compare/parts.h"
#include "policy/compare/times.h"
#include "policy/rules/units.h"

namespace policy::compare {
namespace {

using rules::GameRule;

/// The entries that apply to the games of one class; nullptr = none does.
using Entries = std::pair<const GameRule*, const GameRule*>;

std::string in_quotes(const std::string& text) {
  return "\"" + base::log::printable(text, 200) + "\"";
}

rules::Ballot ask(const rules::RuleSet& rules, const GameRule* rule, const job::Offer& offer) {
  return rules.games.empty() ? rules::Ballot() : rules.vote_game(rule, offer, false);
}

bool accepts(const rules::Ballot& ballot) {
  return ballot.vote != job::Vote::kDecline;
}

std::string verdict(const rules::Ballot& ballot) {
  return accepts(ballot) ? "accepted" : "declined " + in_quotes(ballot.reason);
}

std::string joined(std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + base::log::printable(part, 200);
  return text.empty() ? "any" : text;
}

std::string kinds_of(const GameRule& rule) {
  const std::set<job::Kind> kinds(rule.kinds.begin(), rule.kinds.end());
  if (kinds.size() == job::kAllKinds.size()) return "any";
  std::vector<std::string> names;
  names.reserve(kinds.size());
  for (const job::Kind kind : kinds) names.emplace_back(job::to_string(kind));
  return joined(std::move(names));
}

std::string time_of(const std::optional<base::Duration>& time) {
  return time ? rules::format_span(*time) : "none";
}

std::string size_of(const std::optional<base::Bytes>& size) {
  return size ? exact_size(*size) : "none";
}

/// What of the entries makes them accept other offers.
std::string acceptance(const Sides& sides, const Entries& entries) {
  const auto whole = [](const rules::RuleSet& rules, const GameRule* rule) -> std::string {
    if (rules.games.empty()) return "every game passes";
    return rule == nullptr ? "no entry, so declined" : "entry " + in_quotes(rule->pattern);
  };
  const auto [was, is] = entries;
  if (was == nullptr || is == nullptr) return change(whole(sides.before, was), whole(sides.after, is));
  std::string text;
  const auto add = [&text](const std::string& key, const std::string& before, const std::string& after) {
    if (before != after) text += (text.empty() ? "" : "; ") + key + " " + change(before, after);
  };
  add("accept", was->accept ? "true" : "false", is->accept ? "true" : "false");
  add("kinds", kinds_of(*was), kinds_of(*is));
  add("models", joined(was->models), joined(is->models));
  add("max_vram", size_of(was->max_vram), size_of(is->max_vram));
  return text;
}

/// The offers of one class of games that its two entries can tell apart, the smallest first.
class Offers {
 public:
  Offers(const std::string& game, const Entries& entries, bool& exact) {
    std::vector<std::string_view> patterns;
    std::set<base::Bytes> sizes = {1};
    for (const GameRule* rule : {entries.first, entries.second}) {
      if (rule == nullptr) continue;
      patterns.insert(patterns.end(), rule->models.begin(), rule->models.end());
      if (rule->max_vram) sizes.insert({*rule->max_vram, *rule->max_vram + 1});
    }
    auto models = representatives(patterns);
    exact = exact && models.all;
    for (const base::Bytes size : sizes) {
      for (const job::Kind kind : job::kAllKinds) {
        for (const std::string& model : models.texts) {
          job::Offer offer;
          offer.game = base::GameId(game);
          offer.model = base::ModelId(model);
          offer.kind = kind;
          offer.vram_gb = static_cast<double>(size) / static_cast<double>(base::kGiB);
          offers_.push_back(std::move(offer));
        }
      }
    }
  }
  auto begin() const { return offers_.begin(); }
  auto end() const { return offers_.end(); }

 private:
  std::vector<job::Offer> offers_;
};

std::string witness_of(const job::Offer& offer, const std::string& verdicts) {
  return "game " + in_quotes(offer.game.str()) + ", " + std::string(job::to_string(offer.kind)) + ", model " +
         in_quotes(offer.model.str()) + ", " + exact_size(job::vram_bytes(offer)) + ": " + verdicts;
}

class Comparison {
 public:
  Comparison(const Sides& sides, Diff& out) : sides_(sides), out_(out) {}

  void run() {
    std::vector<std::string_view> patterns;
    for (const rules::RuleSet* rules : {&sides_.before, &sides_.after}) {
      for (const GameRule& rule : rules->games) patterns.emplace_back(rule.pattern);
    }
    std::sort(patterns.begin(), patterns.end());
    patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
    const auto names = representatives(patterns);
    out_.exact = out_.exact && names.all;
    std::map<Entries, std::string> classes;
    for (const std::string& game : names.texts) {
      const Entries entries{sides_.before.game_rule(game), sides_.after.game_rule(game)};
      if (classes.emplace(entries, game).second) compare(game, entries);
    }
    compare_pools(classes);
  }

 private:
  void add(const Entries& entries, std::string text, std::string witness) {
    const auto place = [](const GameRule* rule) { return rule == nullptr ? "" : rules::to_string(rule->place); };
    out_.differences.push_back(
        {"games", std::move(text), std::move(witness), place(entries.first), place(entries.second)});
  }

  void compare(const std::string& game, const Entries& entries) {
    std::set<std::string> told;
    bool both = false;
    std::optional<job::Offer> accepted;
    for (const job::Offer& offer : Offers(game, entries, out_.exact)) {
      const auto was = ask(sides_.before, entries.first, offer);
      const auto is = ask(sides_.after, entries.second, offer);
      if (accepts(was) && accepts(is) && !std::exchange(both, true)) accepted = offer;
      const std::string what = accepts(was) != accepts(is) ? (accepts(is) ? "accepted now" : "declined now")
                               : !accepts(is) && custom(entries) && was.reason != is.reason ? "the studio is told"
                                                                                            : "";
      if (what.empty() || !told.insert(what).second) continue;
      const std::string why = what == "the studio is told"
                                  ? "why it is declined " + change(in_quotes(was.reason), in_quotes(is.reason))
                                  : acceptance(sides_, entries);
      add(entries, name_of(game, entries) + " " + what + ": " + why,
          witness_of(offer, change(verdict(was), verdict(is))));
    }
    if (accepted) compare_terms(*accepted, entries);
  }

  /// What an offer that both accept is accepted for.
  void compare_terms(const job::Offer& offer, const Entries& entries) {
    const GameRule none;
    const GameRule& was = entries.first != nullptr ? *entries.first : none;
    const GameRule& is = entries.second != nullptr ? *entries.second : none;
    const std::string game = name_of(offer.game.str(), entries);
    if (was.max_time != is.max_time) {
      const std::string times = change(time_of(was.max_time), time_of(is.max_time));
      add(entries, game + ": max_time " + times, witness_of(offer, "may run " + times));
    }
    const auto text = [](const GameRule& rule) { return rule.quota ? rules::to_text(*rule.quota) : "none"; };
    if (same_bounds(was.quota, is.quota)) {
      if (!was.quota) return;
      const auto times = [&](const rules::RuleSet& rules, const GameRule& rule) {
        return rules.calendar.times(rule.quota->per, sides_.range);
      };
      const auto before = times(sides_.before, was);
      const auto after = times(sides_.after, is);
      if (before == after) return;
      const auto first = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
      const auto start = [&](auto one, auto end) {
        return one == end ? "none"
                          : rules::format_local(sides_.zone(), one->start) + " - " +
                                rules::format_local(sides_.zone(), one->end);
      };
      const std::string periods = change(start(first.first, before.end()), start(first.second, after.end()));
      add(entries, game + ": the quota counts over other times: " + change(text(was), text(is)),
          "the first period that is another one: " + periods);
      return;
    }
    add(entries, game + ": quota " + change(text(was), text(is)), quota_witness(offer, was.quota, is.quota));
  }

  static bool same_bounds(const std::optional<rules::Quota>& was, const std::optional<rules::Quota>& is) {
    return was.has_value() == is.has_value() && (!was || (was->jobs == is->jobs && was->gpu_time == is->gpu_time));
  }

  /// The smallest use that only one of them allows.
  static std::string quota_witness(const job::Offer& offer, const std::optional<rules::Quota>& was,
                                   const std::optional<rules::Quota>& is) {
    std::set<std::pair<std::uint64_t, base::Duration>> uses;
    for (const auto& quota : {was, is}) {
      if (quota && quota->jobs) uses.emplace(*quota->jobs, base::Duration());
      if (quota && quota->gpu_time) uses.emplace(1, *quota->gpu_time);
    }
    const auto verdict = [](const std::optional<rules::Quota>& quota, const job::Used& used) {
      const std::string why = quota ? rules::objection(*quota, used) : "";
      return why.empty() ? std::string("accepted") : "declined " + in_quotes(why);
    };
    for (const auto& [jobs, time] : uses) {
      const job::Used used{jobs, time};
      const std::string before = verdict(was, used);
      const std::string after = verdict(is, used);
      if (before == after) continue;
      return witness_of(offer, "after " + base::counted(jobs, "job") +
                                   (time > base::Duration() ? " and " + rules::format_span(time) : "") + ": " +
                                   change(before, after));
    }
    return {};
  }

  /// Entries with a quota share it among their games; which games do so is a part of what it means.
  void compare_pools(const std::map<Entries, std::string>& classes) {
    const auto bound = [](const auto& one) {
      return one.first.first != nullptr && one.first.second != nullptr && one.first.first->quota &&
             one.first.second->quota;
    };
    for (auto one = classes.begin(); one != classes.end(); ++one) {
      for (auto other = std::next(one); bound(*one) && other != classes.end(); ++other) {
        const bool was = one->first.first == other->first.first;
        const bool is = one->first.second == other->first.second;
        if (!bound(*other) || was == is) continue;
        add(other->first,
            "games " + in_quotes(one->second) + " and " + in_quotes(other->second) +
                (is ? " share one quota now" : " no longer share one quota"),
            "");
      }
    }
  }

  static bool custom(const Entries& entries) {
    return (entries.first != nullptr && !entries.first->reason.empty()) ||
           (entries.second != nullptr && !entries.second->reason.empty());
  }

  /// The pattern, where one pattern says which games these are.
  std::string name_of(const std::string& game, const Entries& entries) const {
    const auto [was, is] = entries;
    if (was != nullptr && is != nullptr && was->pattern == is->pattern) return "game " + in_quotes(is->pattern);
    return "game " + in_quotes(game);
  }

  const Sides& sides_;
  Diff& out_;
};

}  // namespace

void compare_games(const Sides& sides, Diff& out) {
  Comparison(sides, out).run();
}

}  // namespace policy::compare
