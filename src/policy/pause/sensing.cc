// Host, as far as the sensors go: what pauses the worker, and what bounds its memory.
#include <utility>

#include "policy/host/host.h"

namespace policy {
namespace {

constexpr std::size_t kLongestWhy = 200;

}  // namespace

job::SensorSet Host::watched() const {
  if (!declared_) return {};
  return pause::sensors_for(declared_->rules.pauses, declared_->has_hooks);
}

asio::awaitable<pause::Pause> Host::pause(const job::MachineFacts& facts, base::WallTime now) {
  if (!declared_) co_return pause::Pause();
  auto pause = pauses_.update(declared_->rules, facts, now);
  const bool pauses = declared_->has_hooks[HookEvent::kPause];
  const bool bounds = declared_->has_hooks[HookEvent::kBudget];
  if (!pauses && !bounds) {
    if (hook_bound_.clear()) changed();
    co_return pause;
  }
  auto sensed = co_await sense(facts, now);
  for (auto& held : sensed.pauses) {
    held.why = base::log::printable(held.why, kLongestWhy);
    pause.add(std::move(held));
  }
  const auto cards = facts.gpus.value.value_or(std::vector<job::GpuFacts>{});
  if (bounds ? hook_bound_.update(sensed, cards) : hook_bound_.clear()) changed();
  co_return pause;
}

/// By the child; whatever goes wrong there pauses until it is well again.
asio::awaitable<Sensed> Host::sense(const job::MachineFacts& facts, base::WallTime now) {
  while (deciding_) co_await turn_.wait();
  const Turn turn(deciding_, turn_);
  if (restarting_) co_await wait_for_restart();
  const auto child = active_;
  base::Result<Sensed> sensed = base::Error{base::Code::kUnavailable, "the policy host is starting again"};
  if (child) sensed = co_await child->sense(clock_, facts, now, options_.hard_limit);
  if (!sensed) {
    if (child) lose(child, sensed.error().message);
    Sensed failed{.bounds_failed = true, .error = sensed.error().message};
    if (declared_->has_hooks[HookEvent::kPause]) {
      failed.pauses.push_back({"policy error", "", sensed.error().message, pause::Action::kFinish, false});
    }
    sensed = std::move(failed);
  }
  // Once a second the same: said once.
  if (!sensed->error.empty() && sensed->error != sense_error_) {
    ++status_.errors;
    base::log::error("policy", "a hook failed; the worker pauses or keeps its last good bound",
                     {{"error", sensed->error}});
  }
  sense_error_ = sensed->error;
  co_return std::move(*sensed);
}

VramLimit Host::vram_limit(base::WallTime now) {
  if (!declared_) return {};
  auto bound = declared_->rules.vram_bound(now, options_.cards);
  VramLimit limit{bound.bytes, rules::to_string(bound.place), bound.until};
  if (const auto bytes = hook_bound_.bytes(); bytes && (!limit.bytes || *bytes < *limit.bytes)) {
    limit.bytes = bytes;
    limit.rule = hook_bound_.rule();
  }
  return limit;
}

}  // namespace policy
