#include "policy/explain/explain.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/log.h"
#include "policy/pause/hook_bound.h"
#include "policy/records/replay.h"
#include "policy/rules/rule_set.h"

namespace policy {
namespace {

/// Longer than any `start_after`: what holds is taken to have held for long enough.
constexpr base::Duration kLongEnough = std::chrono::hours(24 * 366);

std::vector<pause::Held> held_at(const rules::RuleSet& declared, const job::MachineFacts& machine, base::WallTime now,
                                 std::optional<bool> pause_if_unknown) {
  rules::RuleSet rules = declared;
  for (auto& rule : rules.pauses) rule.pause_if_unknown = pause_if_unknown.value_or(rule.pause_if_unknown);
  pause::Keeper keeper;
  keeper.update(rules, machine, base::SteadyTime(), now);
  auto held = keeper.update(rules, machine, base::SteadyTime() + kLongEnough, now).held;
  for (pause::Held& one : held) {
    const auto rule = std::find_if(rules.pauses.begin(), rules.pauses.end(),
                                   [&](const pause::PauseRule& each) { return each.title == one.title; });
    if (rule->start_after > base::Duration()) one.why += ", pauses after " + rules::format_span(rule->start_after);
  }
  return held;
}

bool has(const std::vector<pause::Held>& held, const std::string& title) {
  return std::any_of(held.begin(), held.end(), [&](const pause::Held& one) { return one.title == title; });
}

void add_declared_pauses(const rules::RuleSet& rules, const std::optional<job::MachineFacts>& machine,
                         base::WallTime now, Explanation& explanation) {
  constexpr std::string_view kUnknown = "unknown: ";
  const auto facts = machine.value_or(job::MachineFacts());
  explanation.pauses = held_at(rules, facts, now, machine ? std::nullopt : std::optional(false));
  for (const pause::Held& one : held_at(rules, facts, now, true)) {
    if (has(explanation.pauses, one.title)) continue;
    const auto what = one.why.starts_with(kUnknown) ? one.why.substr(kUnknown.size()) : one.why;
    explanation.unmeasured.push_back(machine ? what : what.substr(0, what.find(" (")));
  }
}

/// Functions are asked only about a machine that is known: without facts they would fail.
void add_hooks(PolicyRuntime& runtime, const std::optional<job::MachineFacts>& machine, base::WallTime now,
               Explanation& explanation) {
  const auto hooks = runtime.has_hooks();
  explanation.budget.exact = !hooks[HookEvent::kBudget] || machine;
  explanation.budget.declared |= hooks[HookEvent::kBudget];
  if (!machine) {
    for (const auto& [event, place] : runtime.summary().hooks) {
      if (event == HookEvent::kPause) explanation.unmeasured.push_back("what " + place + " says");
    }
    return;
  }
  if (!hooks[HookEvent::kPause] && !hooks[HookEvent::kBudget]) return;
  Sensed sensed = runtime.sense(*machine, now);
  if (!sensed.error.empty()) explanation.error = std::move(sensed.error);
  pause::Pause all{.held = std::move(explanation.pauses)};
  for (pause::Held& one : sensed.pauses) all.add(std::move(one));
  explanation.pauses = std::move(all.held);
  pause::HookBound bound;
  bound.update(sensed, machine->gpus.value.value_or(std::vector<job::GpuFacts>()));
  Budget& budget = explanation.budget;
  if (!hooks[HookEvent::kBudget] || !bound.bytes() || (budget.bytes && *budget.bytes <= *bound.bytes())) return;
  budget.bytes = bound.bytes();
  budget.rule = bound.rule();
}

void add_declared_budget(rules::RuleSet rules, const job::Facts& facts, Budget& budget) {
  const auto bound = rules.vram_bound(facts.now, facts.gpus);
  budget.bytes = bound.bytes;
  budget.rule = rules::to_string(bound.place);
  budget.declared = !rules.vram.empty();
}

void decline(job::Decision& decision, job::RejectCode code, std::string reason, const std::string& rule) {
  decision.accepted = false;
  decision.code = code;
  decision.reason = std::move(reason);
  decision.rule = rule;
}

/// After the rules, as the worker does.
void vote_on_memory(const job::Offer& offer, Explanation& explanation) {
  const Budget& budget = explanation.budget;
  const base::Bytes needed = job::vram_bytes(offer);
  if (!budget.bytes || needed <= *budget.bytes) return;
  const std::string why =
      "needs " + rules::format_size(needed) + ", jobs may use " + rules::format_size(*budget.bytes) + " now";
  job::Decision& decision = explanation.decision;
  decision.trace.push_back({job::Vote::kDecline, budget.rule, why});
  // One change does not help against two rules.
  explanation.near_miss.clear();
  if (!decision.accepted) return;
  decline(decision, job::RejectCode::kInsufficientMemory, why, budget.rule);
  explanation.near_miss = rules::format_size(needed - *budget.bytes) + " more for jobs";
}

/// No policy can raise this one. What is more than it never fits here.
void vote_on_house_memory(const job::Offer& offer, const House& house, Explanation& explanation) {
  const base::Bytes needed = job::vram_bytes(offer);
  if (!house.memory || needed <= *house.memory) return;
  const std::string why =
      "needs " + rules::format_size(needed) + ", this worker's bound is " + rules::format_size(*house.memory);
  job::Decision& decision = explanation.decision;
  decision.trace.push_back({job::Vote::kDecline, house.memory_rule, why});
  explanation.near_miss.clear();
  const auto& policy = explanation.budget.bytes;
  const bool told = decision.accepted || decision.code == job::RejectCode::kInsufficientMemory;
  if (told && (!policy || *house.memory <= *policy)) decline(decision, job::RejectCode::kNone, why, house.memory_rule);
  if (decision.code == job::RejectCode::kInsufficientMemory) decision.code = job::RejectCode::kNone;
}

/// What is asked before all that stands in the trace.
void object(const std::vector<Objection>& objections, Explanation& explanation) {
  for (auto one = objections.rbegin(); one != objections.rend(); ++one) {
    auto& trace = explanation.decision.trace;
    trace.insert(trace.begin(), {job::Vote::kDecline, one->rule, one->reason});
    decline(explanation.decision, one->code, one->reason, one->rule);
    explanation.near_miss.clear();
  }
}

/// The worker asks this first, so its reason is the one that the studio hears.
void vote_on_pauses(Explanation& explanation) {
  job::Decision& decision = explanation.decision;
  for (const pause::Held& one : explanation.pauses) {
    decision.trace.push_back(
        {job::Vote::kDecline, one.rule,
         "paused: " + one.title + " (" + std::string(pause::to_string(one.action)) + "): " + one.why});
  }
  if (!explanation.pauses.empty()) {
    const pause::Held& first = explanation.pauses.front();
    explanation.near_miss.clear();
    return decline(decision, job::RejectCode::kPaused, "paused: " + first.title, first.rule);
  }
  std::string unknown;
  for (const std::string& one : explanation.unmeasured) unknown += (unknown.empty() ? "" : ", ") + one;
  decision.trace.push_back(
      {job::Vote::kPass, "pause", "nothing holds (unknown: " + (unknown.empty() ? "none" : unknown) + ")"});
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string budget_text(const Budget& budget) {
  if (!budget.declared) return "";
  if (!budget.bytes) return "      [budget unknown: the size of the cards is not known]";
  return std::string("      [budget ") + (budget.exact ? "" : "at most ") + rules::format_size(*budget.bytes) +
         " from " + budget.rule + "]";
}

void make_printable(job::Decision& decision) {
  decision.reason = base::log::printable(decision.reason);
  for (job::TraceLine& line : decision.trace) line.text = base::log::printable(line.text);
}

}  // namespace

Explanation explain(PolicyRuntime& runtime, const job::Offer& offer, const job::Facts& facts,
                    const std::optional<job::MachineFacts>& machine, const House& house) {
  Explanation explanation;
  // The first decision compiles nothing but touches everything once; the second one is what the daemon takes.
  static_cast<void>(runtime.decide(offer, facts));
  const auto start = std::chrono::steady_clock::now();
  static_cast<void>(runtime.decide(offer, facts));
  explanation.took = std::chrono::steady_clock::now() - start;
  auto verdict = runtime.decide(offer, facts, true);
  explanation.decision = std::move(verdict.decision);
  explanation.error = std::move(verdict.error);
  explanation.instructions = verdict.instructions;
  explanation.local_time = runtime.local_time(facts.now);
  if (!explanation.decision.accepted) explanation.near_miss = records::single_change(runtime, offer, facts);

  const rules::RuleSet& rules = runtime.rules();
  add_declared_budget(rules, facts, explanation.budget);
  add_declared_pauses(rules, machine, facts.now, explanation);
  const bool may_pause = !rules.pauses.empty() || runtime.has_hooks()[HookEvent::kPause];
  add_hooks(runtime, machine, facts.now, explanation);
  vote_on_memory(offer, explanation);
  vote_on_house_memory(offer, house, explanation);
  object(house.before_rules, explanation);
  if (may_pause) vote_on_pauses(explanation);
  object(house.before_pauses, explanation);
  make_printable(explanation.decision);
  explanation.error = base::log::printable(explanation.error);
  explanation.near_miss = base::log::printable(explanation.near_miss);
  return explanation;
}

std::string to_text(const std::vector<job::TraceLine>& trace, std::string_view indent) {
  std::size_t widest = 0;
  for (const job::TraceLine& line : trace) widest = std::max(widest, line.rule.size());
  std::string text;
  for (const job::TraceLine& line : trace) {
    std::string vote(job::to_string(line.vote));
    if (line.vote == job::Vote::kDecline) vote = "DECLINE";
    text += std::string(indent) + padded(std::move(vote), 12) + padded(base::log::printable(line.rule), widest + 2) +
            base::log::printable(line.text) + "\n";
  }
  return text;
}

std::string to_text(const job::Offer& offer, const job::Facts& facts, const Explanation& explanation) {
  const job::Decision& decision = explanation.decision;
  std::string text = "offer " + base::log::printable(offer.id.str()) + "  " + base::log::printable(offer.game.str()) +
                     " / " + std::string(job::to_string(offer.kind));
  if (facts.est_time) text += "  est " + rules::format_span(*facts.est_time);
  if (facts.download.value_or(0) > 0) text += "  download " + rules::format_size(*facts.download);
  text += "  vram " + rules::format_size(job::vram_bytes(offer)) + "   " + explanation.local_time;
  text += (explanation.policy.empty() ? "" : "   " + explanation.policy) + "\n";
  text += to_text(decision.trace, "  ");
  if (decision.trace.empty()) text += "  no rule applies\n";
  text += decision.accepted ? "-> accepted" : "-> declined \"" + decision.reason + "\"";
  std::array<char, 80> cost{};
  std::snprintf(cost.data(), cost.size(), "      %.1f us, %llu instructions\n",
                static_cast<double>(explanation.took.count()) / 1000,
                static_cast<unsigned long long>(explanation.instructions));
  text += budget_text(explanation.budget) + cost.data();
  if (!explanation.near_miss.empty()) text += "   it would pass with: " + explanation.near_miss + "\n";
  return text;
}

}  // namespace policy
