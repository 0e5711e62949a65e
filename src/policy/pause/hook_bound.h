#pragma once
// HookBound: what the hooks of `budget` let jobs use of all cards together, reading after reading. Pure.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "job/machine_facts.h"
#include "policy/policy_runtime.h"

namespace policy::pause {

class HookBound {
 public:
  /// Whether the bound is another one now. A card that no hook bounds counts with all it has. After an error the last
  /// good bound stays, and at most half of what is free.
  bool update(const Sensed& sensed, const std::vector<job::GpuFacts>& cards);
  bool clear() { return set({}, {}); }

  std::optional<base::Bytes> bytes() const { return bytes_; }
  /// file:line of the first hook that bounds.
  const std::string& rule() const { return rule_; }

 private:
  bool set(std::optional<base::Bytes> bytes, std::string rule);

  std::optional<base::Bytes> bytes_;
  std::string rule_;
  std::optional<base::Bytes> good_;
  std::string good_rule_;
};

}  // namespace policy::pause
