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

/// Why a policy is refused whose function fails with `error` on this offer.
std::string refusal(const std::string& error, const DecisionRecord& offer);
/// Why a policy that accepts none of `offers` waits for the operator, when the one in force accepts `before` of them.
/// Empty when that one accepts too few to expect any.
std::string doubt(std::size_t offers, std::size_t before);

struct Canary {
  TallyReport tally;    // against the verdicts that were recorded
  std::string refused;  // then it stopped at the offer that failed
  std::string doubt;
};

/// `in_force`: what the candidate would replace; nullptr = not known, then there is no doubt.
Canary try_out(PolicyRuntime& candidate, PolicyRuntime* in_force, const std::filesystem::path& decisions);

}  // namespace policy::records
