#pragma once
// Diff: what two policies do differently, not how differently they are written. Pure.

#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/policy_runtime.h"
#include "policy/rules/calendar.h"

namespace policy::compare {

/// How far the times are compared.
constexpr std::chrono::weeks kHorizon{53};

struct Difference {
  std::string about;    // "hours", "games", "memory", "pauses", "logs", "functions"
  std::string text;     // what is different
  std::string witness;  // one case in which it shows, with what comes of it before and after
  std::string before;   // file:line; empty where nothing is written
  std::string after;
};

struct Diff {
  rules::Interval range;                // of the times that were compared
  std::vector<Difference> differences;  // in the order of `about`
  bool exact = true;                    // false: too many patterns of names to try every combination
  bool functions = false;               // one of the policies asks functions about offers: only offers can tell more
};

/// What is declared is compared by what it does, over kHorizon from the day of `now` on: an empty list is a proof.
/// A function is compared by what it is made of, so a difference may turn out to mean nothing.
Diff diff(const PolicyRuntime& before, const PolicyRuntime& after, base::WallTime now);

}  // namespace policy::compare
