#include "worker/house_rules.h"

#include <utility>

namespace worker {
namespace {

job::Decision declined(std::string reason, std::string rule) {
  job::Decision decision;
  decision.code = job::RejectCode::kPaused;
  decision.reason = std::move(reason);
  decision.rule = std::move(rule);
  return decision;
}

}  // namespace

HouseRules::HouseRules(bool auto_enabled, bool only_when_idle, std::string config_name)
    : auto_enabled_(auto_enabled), only_when_idle_(only_when_idle), config_name_(std::move(config_name)) {}

job::Decision HouseRules::decide(const base::JobId& job, base::SteadyTime now) {
  if (draining_) return declined(*draining_, "drain");
  if (!auto_enabled_) return declined("worker disabled by operator", config_name_ + ": auto_enabled");
  if (paused(now)) return declined("worker paused by operator", "pause");
  if (policy_pause_) return declined("paused: " + *policy_pause_, policy_pause_rule_);
  // No presence sensor is connected, and an unknown presence is not an idle one.
  if (only_when_idle_) {
    return declined("only when idle: the person is using this computer", config_name_ + ": only_when_idle");
  }
  while (!oldest_held_.empty() && now - oldest_held_.front().first >= kSpinGuard) {
    const auto [since, old] = std::move(oldest_held_.front());
    oldest_held_.pop_front();
    const auto held = held_back_.find(old);
    if (held != held_back_.end() && held->second.since == since) held_back_.erase(held);
  }
  if (const auto held = held_back_.find(job); held != held_back_.end()) {
    return declined(held->second.why, "repeated offer");
  }
  job::Decision decision;
  decision.accepted = true;
  return decision;
}

void HouseRules::pause(std::optional<base::SteadyTime> until) {
  paused_ = true;
  paused_until_ = until;
}

void HouseRules::resume() {
  paused_ = false;
  paused_until_.reset();
}

void HouseRules::set_policy_pause(std::optional<std::string> title, std::string rule) {
  policy_pause_ = std::move(title);
  policy_pause_rule_ = std::move(rule);
}

void HouseRules::drain(std::string reason) {
  if (!draining_) draining_ = std::move(reason);
}

void HouseRules::hold_back(const base::JobId& job, std::string why, base::SteadyTime now) {
  held_back_[job] = {now, std::move(why)};
  oldest_held_.emplace_back(now, job);
}

bool HouseRules::paused(base::SteadyTime now) const {
  return paused_ && (!paused_until_ || now < *paused_until_);
}

}  // namespace worker
