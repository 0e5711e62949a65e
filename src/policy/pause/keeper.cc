#include "policy/pause/keeper.h"

#include <algorithm>

#include "policy/names/words.h"

namespace policy::pause {
namespace {

bool inside_any(rules::RuleSet& rules, const std::vector<std::string>& names, base::WallTime now) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return rules.calendar.inside(name, now); });
}

/// Windows first: outside of them nothing needs to be measured.
Finding judge(rules::RuleSet& rules, const PauseRule& rule, const job::MachineFacts& facts, base::WallTime now) {
  if (!rule.during.empty() && !inside_any(rules, rule.during, now)) return {Answer::kFalse, {}};
  if (inside_any(rules, rule.unless, now)) return {Answer::kFalse, {}};
  Finding finding = examine(rule, facts);
  if (finding.answer == Answer::kUnknown && !rule.pause_if_unknown) return {Answer::kFalse, {}};
  if (finding.answer == Answer::kUnknown) return {Answer::kTrue, "unknown: " + finding.why};
  if (finding.why.empty() && !rule.during.empty()) finding.why = "inside \"" + rule.during.front() + "\"";
  return finding;
}

base::WallTime next_edge(rules::RuleSet& rules, base::WallTime now) {
  auto edge = base::WallTime::max();
  for (const PauseRule& rule : rules.pauses) {
    for (const auto* names : {&rule.during, &rule.unless}) {
      for (const std::string& name : *names) edge = std::min(edge, rules.calendar.holds_until(name, now));
    }
  }
  return edge;
}

}  // namespace

std::string_view to_string(Action action) {
  return names::kActions.at(static_cast<std::size_t>(action));
}

std::optional<Action> parse_action(std::string_view name) {
  for (std::size_t i = 0; i < names::kActions.size(); ++i) {
    if (names::kActions.at(i) == name) return static_cast<Action>(i);
  }
  return std::nullopt;
}

job::SensorSet sensors_for(const std::vector<PauseRule>& rules, const PerEvent<bool>& has_hooks) {
  job::SensorSet sensors;
  for (const PauseRule& rule : rules) {
    if (!rule.apps.empty()) sensors.add(job::Sensor::kApps);
    if (rule.foreign_gpu || rule.hotter_than) sensors.add(job::Sensor::kGpus);
    if (rule.user_active_within) sensors.add(job::Sensor::kUser);
    if (rule.on_battery) sensors.add(job::Sensor::kPower);
  }
  if (has_hooks[HookEvent::kBudget]) sensors.add(job::Sensor::kGpus);
  if (!has_hooks[HookEvent::kPause]) return sensors;
  for (const auto sensor : job::kAllSensors) sensors.add(sensor);
  return sensors;
}

bool Pause::release_vram() const {
  return std::any_of(held.begin(), held.end(), [](const Held& one) { return one.release_vram; });
}

void Pause::add(Held one) {
  const auto weaker =
      std::find_if(held.begin(), held.end(), [&](const Held& other) { return other.action < one.action; });
  held.insert(weaker, std::move(one));
}

Pause Keeper::update(rules::RuleSet& rules, const job::MachineFacts& facts, base::SteadyTime now, base::WallTime wall) {
  Pause pause{.until = next_edge(rules, wall)};
  std::map<std::string, Latch> kept;
  for (const PauseRule& rule : rules.pauses) {
    Latch& latch = kept[rule.title] = std::move(latches_[rule.title]);
    if (auto why = pauses(latch, rule, judge(rules, rule, facts, wall), now)) {
      pause.add({rule.title, rules::to_string(rule.place), std::move(*why), rule.effective(), rule.release_vram});
    }
  }
  latches_ = std::move(kept);
  return pause;
}

std::vector<Lasting> Keeper::lasting(base::SteadyTime now, base::WallTime wall) const {
  std::vector<Lasting> all;
  for (const auto& [title, latch] : latches_) {
    if (!latch.pauses) continue;
    all.push_back({title, latch.why, latch.ended ? std::optional(wall - (now - *latch.ended)) : std::nullopt});
  }
  return all;
}

void Keeper::resume(std::vector<Lasting> before, base::SteadyTime now, base::WallTime wall) {
  for (Lasting& one : before) {
    Latch& latch = latches_[one.title];
    latch.pauses = true;
    latch.why = std::move(one.why);
    // The wall clock may have been set back meanwhile.
    if (one.ended) latch.ended = now - std::max(base::Duration::zero(), base::Duration(wall - *one.ended));
  }
}

/// Why the rule pauses now; nothing when it does not.
std::optional<std::string> Keeper::pauses(Latch& latch, const PauseRule& rule, const Finding& finding,
                                          base::SteadyTime now) {
  if (finding.answer == Answer::kTrue) {
    if (!latch.since) latch.since = now;
    // Its resume_after is over, and no reading came in between: it begins anew.
    if (latch.ended && now - *latch.ended >= rule.resume_after) latch.pauses = false;
    latch.ended.reset();
    latch.why = finding.why;
    // A rule that pauses still, within its resume_after, does not wait for its start_after again.
    latch.pauses = latch.pauses || now - *latch.since >= rule.start_after;
    return latch.pauses ? std::optional(finding.why) : std::nullopt;
  }
  latch.since.reset();
  if (!latch.pauses) return std::nullopt;
  if (!latch.ended) latch.ended = now;
  const auto left = *latch.ended + rule.resume_after - now;
  if (left > base::Duration::zero()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
    return "no longer: " + latch.why + "; resumes in " + std::to_string(seconds) + " s";
  }
  latch = {};
  return std::nullopt;
}

}  // namespace policy::pause
