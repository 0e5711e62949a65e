#include "policy/pause/hook_bound.h"

#include <algorithm>

namespace policy::pause {
namespace {

std::optional<base::Bytes> sum_of(const std::vector<CardBound>& bounds, const std::vector<job::GpuFacts>& cards) {
  if (bounds.empty()) return std::nullopt;
  base::Bytes sum = 0;
  for (const job::GpuFacts& card : cards) {
    const auto bound =
        std::find_if(bounds.begin(), bounds.end(), [&](const CardBound& each) { return each.card == card.index; });
    if (bound == bounds.end() && !card.total) return std::nullopt;
    sum += bound == bounds.end() ? *card.total : bound->bytes;
  }
  return sum;
}

}  // namespace

bool HookBound::update(const Sensed& sensed, const std::vector<job::GpuFacts>& cards) {
  if (!sensed.bounds_failed) {
    good_ = sum_of(sensed.bounds, cards);
    good_rule_ = good_ ? sensed.bounds.front().rule : std::string();
    return set(good_, good_rule_);
  }
  base::Bytes half = 0;
  for (const job::GpuFacts& card : cards) half += card.free.value_or(0) / 2;
  return set(good_ ? std::min(*good_, half) : half, good_rule_.empty() ? "policy error" : good_rule_);
}

bool HookBound::set(std::optional<base::Bytes> bytes, std::string rule) {
  if (bytes == bytes_ && rule == rule_) return false;
  bytes_ = bytes;
  rule_ = std::move(rule);
  return true;
}

}  // namespace policy::pause
