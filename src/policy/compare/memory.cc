// How much of the cards jobs may use, over time, for every size of card.

#include <algorithm>
#include <map>
#include <set>

#include "policy/compare/parts.h"
#include "policy/compare/times.h"

namespace policy::compare {
namespace {

using base::Bytes;
using rules::Interval;
using rules::VramRule;

constexpr Bytes kLargestCard = 1024 * base::kGiB;

/// What all entries in force come to. The bound of a card is the least of the three.
struct Bound {
  std::optional<Bytes> at_most;
  std::optional<unsigned> percent;
  std::optional<Bytes> keep_free;
  auto operator<=>(const Bound&) const = default;

  void add(const VramRule& rule) {
    const auto least = [](auto& mine, const auto& other) {
      if (other && (!mine || *other < *mine)) mine = other;
    };
    least(at_most, rule.at_most);
    least(percent, rule.at_most_percent);
    if (rule.keep_free) keep_free = std::max(keep_free.value_or(0), *rule.keep_free);
  }
  /// A card of which the bound allows everything has none.
  std::optional<Bytes> of(std::optional<Bytes> total) const {
    const auto bytes = rules::allowed({.keep_free = keep_free, .at_most = at_most, .at_most_percent = percent}, total);
    return total ? std::min(bytes.value_or(*total), *total) : bytes;
  }
};

std::string to_text(const Bound& bound) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (bound.keep_free) add("keep_free " + exact_size(*bound.keep_free));
  if (bound.at_most) add("at_most " + exact_size(*bound.at_most));
  if (bound.percent) add("at_most " + std::to_string(*bound.percent) + " %");
  return text.empty() ? "no bound" : text;
}

/// Sizes of card between which nothing can differ that does not differ at one of them; usual sizes first.
std::vector<std::optional<Bytes>> cards_for(const Bound& a, const Bound& b) {
  std::vector<std::optional<Bytes>> cards;
  for (const Bytes gib : {24UL, 16UL, 12UL, 8UL, 48UL, 80UL, 32UL, 96UL, 141UL, 192UL})
    cards.emplace_back(gib * base::kGiB);
  std::set<Bytes> turns;
  for (const auto& most : {a.at_most, b.at_most}) {
    if (most) turns.insert(*most);
    for (const auto& keep : {a.keep_free, b.keep_free}) {
      if (most && keep) turns.insert(*most + *keep);
    }
    for (const auto& percent : {a.percent, b.percent}) {
      if (most && percent) turns.insert(*most / *percent * 100);
    }
  }
  for (const auto& keep : {a.keep_free, b.keep_free}) {
    if (keep) turns.insert(*keep);
    for (const auto& percent : {a.percent, b.percent}) {
      if (keep && percent && *percent < 100) turns.insert(*keep / (100 - *percent) * 100);
    }
  }
  turns.insert(kLargestCard);
  for (const Bytes turn : turns) {
    for (const Bytes size : {turn - std::min<Bytes>(turn, 200), turn, turn + 200}) {
      if (size > 0 && size <= kLargestCard) cards.emplace_back(size);
    }
  }
  cards.emplace_back(std::nullopt);
  return cards;
}

/// "a card of 24 GiB: 22 GiB -> 21 GiB"; empty when no card shows it.
std::string witness_of(const Bound& was, const Bound& is) {
  const auto text = [](const std::optional<Bytes>& bytes) { return bytes ? exact_size(*bytes) : "no bound"; };
  for (const auto& card : cards_for(was, is)) {
    if (was.of(card) == is.of(card)) continue;
    return (card ? "a card of " + exact_size(*card) : "a card of unknown size") + ": " +
           change(text(was.of(card)), text(is.of(card)));
  }
  return {};
}

/// One entry with the times in which it is in force.
struct Entry {
  const VramRule* rule;
  std::vector<Interval> when;
};

/// The cards that entries bound together; empty = all.
using Cards = std::set<std::uint32_t>;

Cards cards_of(const VramRule& rule) {
  return {rule.gpus.begin(), rule.gpus.end()};
}

std::string to_text(const Cards& cards) {
  std::string text;
  for (const std::uint32_t card : cards) text += (text.empty() ? "GPU " : ", ") + std::to_string(card);
  return text;
}

std::vector<Entry> entries_of(const rules::RuleSet& rules, const Cards& cards, const Interval& range) {
  std::vector<Entry> entries;
  for (const VramRule& rule : rules.vram) {
    if (cards_of(rule) != cards) continue;
    entries.push_back({&rule, rule.during.empty() ? std::vector<Interval>{range}
                                                  : rules::merged(rules.calendar.times(rule.during, range))});
  }
  return entries;
}

/// Those in force at one moment.
struct Entries {
  Bound bound;
  std::string places;
  auto operator<=>(const Entries&) const = default;
};

Entries at(const std::vector<Entry>& entries, base::WallTime when) {
  Entries result;
  for (const Entry& entry : entries) {
    const auto next = std::upper_bound(entry.when.begin(), entry.when.end(), when,
                                       [](base::WallTime time, const Interval& one) { return time < one.end; });
    if (next == entry.when.end() || !next->contains(when)) continue;
    result.bound.add(*entry.rule);
    result.places += (result.places.empty() ? "" : ", ") + rules::to_string(entry.rule->place);
  }
  return result;
}

void compare_cards(const Sides& sides, const Cards& cards, Diff& out) {
  const auto before = entries_of(sides.before, cards, sides.range);
  const auto after = entries_of(sides.after, cards, sides.range);
  std::set<base::WallTime> edges = {sides.range.start};
  for (const auto* entries : {&before, &after}) {
    for (const Entry& entry : *entries) {
      for (const Interval& when : entry.when) edges.insert({when.start, when.end});
    }
  }
  edges.insert(sides.range.end);
  std::map<std::pair<Entries, Entries>, std::vector<Interval>> changes;
  for (auto edge = edges.begin(); *edge < sides.range.end; ++edge) {
    if (*edge < sides.range.start) continue;
    const std::pair both{at(before, *edge), at(after, *edge)};
    if (both.first.bound != both.second.bound) changes[both].push_back({*edge, *std::next(edge)});
  }
  for (const auto& [both, when] : changes) {
    const auto& [was, is] = both;
    const std::string witness = witness_of(was.bound, is.bound);
    if (witness.empty()) continue;
    const auto times = rules::merged(when);
    const bool always = times.size() == 1 && times.front() == sides.range;
    const auto rows = always ? std::vector<TimesInWords>{{"always", {}}} : in_words(times, sides.zone());
    for (const TimesInWords& row : rows) {
      const std::string of = cards.empty() ? "" : to_text(cards) + ", ";
      out.differences.push_back({"memory", of + row.text + ": " + change(to_text(was.bound), to_text(is.bound)),
                                 witness, was.places, is.places});
    }
  }
}

}  // namespace

void compare_memory(const Sides& sides, Diff& out) {
  std::set<Cards> bounded;
  for (const auto* rules : {&sides.before, &sides.after}) {
    for (const VramRule& rule : rules->vram) bounded.insert(cards_of(rule));
  }
  for (const Cards& cards : bounded) compare_cards(sides, cards, out);
}

}  // namespace policy::compare
