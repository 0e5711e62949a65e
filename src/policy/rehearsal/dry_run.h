#pragma once
// DryRun: every function of a policy is asked once on an ordinary day, so that a misspelt name in it shows before an
// offer does. Pure, but for what the functions keep.

#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/policy_runtime.h"
#include "policy/rules/place.h"

namespace policy::rehearsal {

struct Slip {
  rules::Place place;
  std::string text;  // what failed, and on what; not escaped
};

/// Asks the functions of offers about one offer of each kind, those of pauses and memory about a machine that nobody
/// uses, those of the log about one record. A line that fails is told once. What only other days reach is not seen.
std::vector<Slip> dry_run(PolicyRuntime& policy, base::WallTime now);

}  // namespace policy::rehearsal
