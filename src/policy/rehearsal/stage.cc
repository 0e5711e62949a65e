#include "policy/rehearsal/stage.h"

#include <algorithm>
#include <utility>

namespace policy::rehearsal {
namespace {

using namespace std::chrono_literals;

/// What has matured by the end of a window is seen before the window ends.
constexpr base::Duration kInstant{1};

void decline(job::Decision& decision, job::RejectCode code, std::string reason, std::string rule) {
  decision.accepted = false;
  decision.code = code;
  decision.reason = std::move(reason);
  decision.rule = std::move(rule);
  decision.plan = {};
}

}  // namespace

job::MachineFacts quiet_machine() {
  const std::string source = "assumed";
  job::GpuFacts card;
  card.uuid = "GPU-0";
  card.name = "GPU 0";
  card.total = 24 * base::kGiB;
  card.free = 22 * base::kGiB;
  card.temperature = 45;
  card.busy = 0;
  card.ours = 0;
  card.foreign.emplace();
  job::MachineFacts facts;
  facts.apps = {std::vector<std::string>(), source};
  facts.user_idle = {24h, source};
  facts.locked = {false, source};
  facts.on_battery = {false, source};
  facts.cpu = {0.05, source};
  facts.memory_free = {32 * base::kGiB, source};
  facts.gpus = {std::vector<job::GpuFacts>{std::move(card)}, source};
  return facts;
}

void DoneJobs::add(std::string game, base::WallTime at, job::Used used) {
  done_.push_back({std::move(game), at, used});
}

std::vector<job::GameUse> DoneJobs::since(base::WallTime start, base::WallTime now) const {
  std::vector<job::GameUse> uses;
  for (const Done& done : done_) {
    if (done.at < start || done.at > now) continue;
    const auto known =
        std::find_if(uses.begin(), uses.end(), [&](const job::GameUse& use) { return use.game == done.game; });
    if (known == uses.end())
      uses.push_back({done.game, done.used});
    else
      known->used.add(done.used);
  }
  return uses;
}

Stage::Stage(PolicyRuntime& policy, base::WallTime start, job::MachineFacts facts)
    : policy_(policy),
      rules_(policy.rules()),
      has_pause_hooks_(policy.has_hooks()[HookEvent::kPause]),
      has_budget_hooks_(policy.has_hooks()[HookEvent::kBudget]),
      facts_(std::move(facts)) {
  set_clock(start);
}

void Stage::set_clock(base::WallTime now) {
  now_ = now;
  keeper_ = {};
  hook_bound_ = {};
  look();
  ask_functions();
}

void Stage::advance(base::Duration span) {
  const auto end = now_ + span;
  for (auto edge = next_edge(); edge <= end && now_ < end; edge = next_edge()) {
    move_to(edge - kInstant);
    look();
    move_to(edge);
    look();
  }
  move_to(end);
  look();
  ask_functions();
}

void Stage::set_facts(job::MachineFacts facts) {
  facts_ = std::move(facts);
  look();
  ask_functions();
}

void Stage::move_to(base::WallTime when) {
  if (auto& idle = facts_.user_idle.value; idle && *idle > base::Duration::zero()) *idle += when - now_;
  steady_ += when - now_;
  now_ = when;
}

/// When the answer of an entry changes by itself: a window begins or ends, or somebody was away for long enough.
base::WallTime Stage::next_edge() const {
  auto edge = pause_.until;
  const auto& idle = facts_.user_idle.value;
  if (!idle || *idle == base::Duration::zero()) return edge;
  for (const pause::PauseRule& rule : rules_.pauses) {
    if (rule.user_active_within && *idle < *rule.user_active_within) {
      edge = std::min(edge, now_ + (*rule.user_active_within - *idle));
    }
  }
  return edge;
}

void Stage::look() {
  pause_ = keeper_.update(rules_, facts_, steady_, now_);
}

void Stage::ask_functions() {
  error_.clear();
  if (!has_pause_hooks_ && !has_budget_hooks_) return;
  auto sensed = policy_.sense(facts_, now_);
  for (auto& held : sensed.pauses) pause_.add(std::move(held));
  static const std::vector<job::GpuFacts> kNoCards;
  if (has_budget_hooks_) hook_bound_.update(sensed, facts_.gpus.value ? *facts_.gpus.value : kNoCards);
  error_ = std::move(sensed.error);
}

std::span<const job::GpuFacts> Stage::cards() const {
  if (!facts_.gpus.value) return {};
  return *facts_.gpus.value;
}

Bound Stage::bound() {
  auto declared = rules_.vram_bound(now_, cards());
  if (const auto bytes = hook_bound_.bytes(); bytes && (!declared.bytes || *bytes < *declared.bytes)) {
    return {bytes, hook_bound_.rule()};
  }
  return {declared.bytes, rules::to_string(declared.place)};
}

Verdict Stage::offer(const job::Offer& offer, job::Facts known, bool explain) {
  Verdict verdict;
  verdict.decision.accepted = true;
  if (pause_.paused() && !explain) {
    add_pauses(verdict.decision, false);
    return verdict;
  }
  known.now = now_;
  known.usage = &done_;
  if (facts_.gpus.value) known.gpus = *facts_.gpus.value;
  verdict = policy_.decide(offer, known, explain);
  add_pauses(verdict.decision, explain);
  add_bound(offer, verdict.decision, explain);
  return verdict;
}

void Stage::add_pauses(job::Decision& decision, bool explain) const {
  if (pause_.paused()) {
    const pause::Held& first = pause_.held.front();
    decline(decision, job::RejectCode::kPaused, "paused: " + first.title, first.rule);
  }
  if (!explain) return;
  std::vector<job::TraceLine> lines;
  for (const pause::Held& held : pause_.held) {
    lines.push_back({job::Vote::kDecline, held.rule, "paused: " + held.title + " (" + held.why + ")"});
  }
  if (lines.empty()) lines.push_back({job::Vote::kPass, "pause", "nothing pauses"});
  decision.trace.insert(decision.trace.begin(), std::make_move_iterator(lines.begin()),
                        std::make_move_iterator(lines.end()));
}

/// What no card could hold is refused for good; what only the policy forbids may fit later.
void Stage::add_bound(const job::Offer& offer, job::Decision& decision, bool explain) {
  if (!explain && !decision.accepted) return;
  const base::Bytes needed = job::vram_bytes(offer);
  const auto whole = job::total_memory(cards());
  auto bound = this->bound();
  const bool by_machine = whole && (!bound.bytes || *whole < *bound.bytes);
  if (by_machine) bound = {whole, "machine: total VRAM"};
  if (!bound.bytes) return;
  const bool fits = needed <= *bound.bytes;
  std::string text = "needs " + rules::format_size(needed) + ", the bound is " + rules::format_size(*bound.bytes);
  if (explain) decision.trace.push_back({fits ? job::Vote::kPass : job::Vote::kDecline, bound.rule, text});
  if (fits || !decision.accepted) return;
  const bool for_good = whole && needed > *whole;
  decline(decision, for_good ? job::RejectCode::kNone : job::RejectCode::kInsufficientMemory, std::move(text),
          bound.rule);
}

}  // namespace policy::rehearsal
