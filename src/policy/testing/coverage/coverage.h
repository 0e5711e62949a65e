#pragma once
// Coverage: which rules and lines of a policy its tests made decide or run.

#include "policy/policy_runtime.h"
#include "policy/testing/coverage/seen.h"
#include "policy/testing/report.h"

namespace policy::testing {

/// A rule is covered when a test looked at a moment at which it had a say: a window that held, an entry that applied, a
/// function that gave a verdict. A line of a function is covered when it ran.
Coverage cover(const PolicyRuntime& policy, const Seen& seen);

}  // namespace policy::testing
