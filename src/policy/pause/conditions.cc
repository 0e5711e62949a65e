#include "policy/pause/conditions.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>

#include "policy/rules/rule_set.h"

namespace policy::pause {
namespace {

/// Of programs: "Maya.exe" is "maya.exe".
std::string folded(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_program(const std::vector<std::string>& patterns, const std::string& name) {
  const std::string program = folded(name);
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return rules::matches(folded(pattern), program); });
}

Finding unknown(std::string_view what, const std::string& source) {
  return {Answer::kUnknown, std::string(what) + " (" + (source.empty() ? "not measured" : source) + ")"};
}

Finding running(const PauseRule& rule, const job::Reading<std::vector<std::string>>& apps) {
  if (!apps.value) return unknown("which programs run", apps.source);
  const auto found = std::find_if(apps.value->begin(), apps.value->end(),
                                  [&](const std::string& name) { return is_program(rule.apps, name); });
  if (found == apps.value->end()) return {Answer::kFalse, {}};
  return {Answer::kTrue, *found + " runs"};
}

bool counts(const PauseRule& rule, const job::GpuFacts& gpu) {
  return rule.gpus.empty() || std::find(rule.gpus.begin(), rule.gpus.end(), gpu.index) != rule.gpus.end();
}

Finding foreign_on(const ForeignGpu& wanted, const job::GpuFacts& gpu) {
  const std::string card = "GPU " + std::to_string(gpu.index);
  if (!gpu.foreign) return {Answer::kUnknown, "who uses " + card};
  base::Bytes used = 0;
  bool unmeasured = false;
  std::string who;
  for (const job::GpuProcess& process : *gpu.foreign) {
    if (is_program(wanted.ignore, process.name)) continue;
    if (who.empty()) who = process.name;
    used += process.vram.value_or(0);
    unmeasured = unmeasured || !process.vram;
  }
  if (who.empty()) return {Answer::kFalse, {}};
  if (used >= wanted.min_vram) return {Answer::kTrue, who + " uses " + card};
  if (unmeasured) return {Answer::kUnknown, "how much of " + card + " " + who + " uses"};
  return {Answer::kFalse, {}};
}

Finding hot(double limit, const job::GpuFacts& gpu) {
  const std::string card = "GPU " + std::to_string(gpu.index);
  if (!gpu.temperature) return {Answer::kUnknown, "the temperature of " + card};
  if (*gpu.temperature <= limit) return {Answer::kFalse, {}};
  char text[64];
  std::snprintf(text, sizeof text, "%s has %.0f C", card.c_str(), *gpu.temperature);
  return {Answer::kTrue, text};
}

/// Any card suffices.
template <class Condition>
Finding any_card(const PauseRule& rule, const job::Reading<std::vector<job::GpuFacts>>& gpus, Condition condition) {
  if (!gpus.value) return unknown("the cards", gpus.source);
  Finding result{Answer::kFalse, {}};
  for (const job::GpuFacts& gpu : *gpus.value) {
    if (!counts(rule, gpu)) continue;
    if (Finding finding = condition(gpu); finding.answer > result.answer) result = std::move(finding);
  }
  return result;
}

Finding active(base::Duration within, const job::Reading<base::Duration>& idle) {
  if (!idle.value) return unknown("when somebody last used this computer", idle.source);
  if (*idle.value >= within) return {Answer::kFalse, {}};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*idle.value).count();
  return {Answer::kTrue, "somebody used this computer " + std::to_string(seconds) + " s ago"};
}

Finding powered(bool by_battery, const job::Reading<bool>& on_battery) {
  if (!on_battery.value) return unknown("whether this computer runs on battery", on_battery.source);
  if (*on_battery.value != by_battery) return {Answer::kFalse, {}};
  return {Answer::kTrue, by_battery ? "this computer runs on battery" : "this computer runs on mains"};
}

void combine(Finding& all, Finding one) {
  if (one.answer < all.answer) {
    all = std::move(one);
  } else if (one.answer == all.answer && one.answer != Answer::kFalse) {
    all.why += (all.why.empty() ? "" : ", ") + one.why;
  }
}

}  // namespace

Finding examine(const PauseRule& rule, const job::MachineFacts& facts) {
  Finding all;
  if (!rule.apps.empty()) combine(all, running(rule, facts.apps));
  if (rule.foreign_gpu) {
    combine(all, any_card(rule, facts.gpus, [&](const auto& gpu) { return foreign_on(*rule.foreign_gpu, gpu); }));
  }
  if (rule.hotter_than) {
    combine(all, any_card(rule, facts.gpus, [&](const auto& gpu) { return hot(*rule.hotter_than, gpu); }));
  }
  if (rule.user_active_within) combine(all, active(*rule.user_active_within, facts.user_idle));
  if (rule.on_battery) combine(all, powered(*rule.on_battery, facts.on_battery));
  return all;
}

}  // namespace policy::pause
