#pragma once
// Canary: what the last recorded offers say about a policy before it comes into force. A reload asks the candidate's
// child, offer by offer; `policy check` decides in its own process. Both judge by what stands here.

#include <cstddef>
#include <filesystem>
#include <string>

#include "policy/policy_runtime.h"
#include "policy/records/record.h"
#include "policy/records/tally.h"

namespace policy::records {

/// How many of the last offers are tried.
constexpr std::size_t kTried = 200;

/// A policy that accepted more than one in this many is not expected to accept none.
constexpr std::size_t kOneIn = 5;

/// Why a policy is refused whose function fails with `error` on this offer.
inline std::string refusal(const std::string& error, const DecisionRecord& offer) {
  return error + " (on the recorded offer " + offer.offer.id.str() + ")";
}

/// Why a policy that accepts none of `offers` waits for the operator, when the one in force accepts `before` of them.
/// Empty when that one accepts too few to expect any.
inline std::string doubt(std::size_t offers, std::size_t before) {
  if (before * kOneIn <= offers) return {};
  return "it accepts none of the last " + std::to_string(offers) + " offers, the one in force " +
         std::to_string(before);
}

struct Canary {
  TallyReport tally;    // against the verdicts that were recorded
  std::string refused;  // by the first offer that a function fails on
  std::string doubt;
};

/// `in_force`: what the candidate would replace; nullptr = not known, then there is no doubt.
Canary try_out(PolicyRuntime& candidate, PolicyRuntime* in_force, const std::filesystem::path& decisions);

}  // namespace policy::records
