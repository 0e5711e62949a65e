#include <algorithm>

#include "policy/sweep/searches.h"

namespace policy::sweep {
namespace {

using rules::VramRule;

/// Whether each bound that `loose` sets is set by `tight` as well, at least as low: then it is below at every size of
/// the cards.
bool below(const VramRule& tight, const VramRule& loose) {
  const auto no_higher = [](const auto& one, const auto& other) { return !other || (one && *one <= *other); };
  const bool keeps = !loose.keep_free || (tight.keep_free && *tight.keep_free >= *loose.keep_free);
  return keeps && no_higher(tight.at_most, loose.at_most) && no_higher(tight.at_most_percent, loose.at_most_percent);
}

/// Whether it bounds at every moment at which the other does, and the same cards.
bool applies_with(const VramRule& one, const VramRule& other) {
  return one.gpus == other.gpus && (one.during.empty() || one.during == other.during);
}

std::string entry(const VramRule& rule) {
  return rule.during.empty() ? std::string("worker.vram") : "worker.vram during " + in_quotes(rule.during);
}

/// Nothing is left for jobs, as far as that is known without a clock.
bool leaves_nothing(const VramRule& rule, const Surroundings& around) {
  return rules::allowed(rule, job::total_memory(around.cards), around.cards) == base::Bytes(0);
}

}  // namespace

void search_memory(rules::RuleSet& rules, const Surroundings& around, Warnings& found) {
  for (std::size_t i = 0; i < rules.vram.size(); ++i) {
    const VramRule& rule = rules.vram[i];
    for (std::size_t j = 0; j < rules.vram.size(); ++j) {
      const VramRule& other = rules.vram[j];
      if (i == j || !applies_with(other, rule) || !below(other, rule)) continue;
      // Of two that say the same, the later one is too many.
      if (i < j && applies_with(rule, other) && below(rule, other)) continue;
      found.push_back({rule.place, entry(rule) + " never counts: the bound" + at(other.place) +
                                       " is at least as low whenever it applies"});
      break;
    }
    if (!leaves_nothing(rule, around)) continue;
    found.push_back({rule.place, entry(rule) + " leaves jobs no memory at all" +
                                     (rule.during.empty() ? ", so none that needs some is ever accepted" : "")});
  }
}

}  // namespace policy::sweep
