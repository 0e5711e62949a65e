#include "policy/rules/vram.h"

#include <algorithm>

namespace policy::rules {

std::optional<base::Bytes> allowed(const VramRule& rule, std::optional<base::Bytes> total) {
  std::optional<base::Bytes> bytes = rule.at_most;
  const auto bound_by = [&bytes](base::Bytes limit) { bytes = std::min(bytes.value_or(limit), limit); };
  if (total && rule.at_most_percent) bound_by(*total * *rule.at_most_percent / 100);
  if (total && rule.keep_free) bound_by(*total - std::min(*total, *rule.keep_free));
  return bytes;
}

}  // namespace policy::rules
