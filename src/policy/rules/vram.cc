#include "policy/rules/vram.h"

#include <algorithm>

namespace policy::rules {
namespace {

std::optional<base::Bytes> allowed_of(const VramRule& rule, std::optional<base::Bytes> total) {
  std::optional<base::Bytes> bytes = rule.at_most;
  const auto bound_by = [&bytes](base::Bytes limit) { bytes = std::min(bytes.value_or(limit), limit); };
  if (total && rule.at_most_percent) bound_by(*total * *rule.at_most_percent / 100);
  if (total && rule.keep_free) bound_by(*total - std::min(*total, *rule.keep_free));
  return bytes;
}

}  // namespace

std::optional<base::Bytes> allowed(const VramRule& rule, std::optional<base::Bytes> total,
                                   std::span<const job::GpuFacts> cards) {
  if (rule.gpus.empty()) return allowed_of(rule, total);
  std::optional<base::Bytes> named = 0;
  base::Bytes others = 0;
  bool present = false;
  for (const job::GpuFacts& card : cards) {
    const bool is_named = std::find(rule.gpus.begin(), rule.gpus.end(), card.index) != rule.gpus.end();
    present = present || is_named;
    if (is_named) {
      named = named && card.total ? std::optional(*named + *card.total) : std::nullopt;
    } else if (card.total) {
      others += *card.total;
    } else {
      return std::nullopt;
    }
  }
  const auto bytes = present ? allowed_of(rule, named) : std::nullopt;
  if (!bytes) return std::nullopt;
  return others + std::min(*bytes, named.value_or(*bytes));
}

}  // namespace policy::rules
