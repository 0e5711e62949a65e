#include "policy/records/canary.h"

#include <algorithm>
#include <vector>

#include "policy/records/ring.h"

namespace policy::records {
namespace {

/// A policy that accepted more than one in this many is not expected to accept none.
constexpr std::size_t kOneIn = 5;

}  // namespace

std::string refusal(const std::string& error, const DecisionRecord& offer) {
  return error + " (on the recorded offer " + offer.offer.id.str() + ")";
}

std::string doubt(std::size_t offers, std::size_t before) {
  if (before * kOneIn <= offers) return {};
  return "it accepts none of the last " + std::to_string(offers) + " offers, the one in force " +
         std::to_string(before);
}

Canary try_out(PolicyRuntime& candidate, PolicyRuntime* in_force, const std::filesystem::path& decisions) {
  const auto offers = newest(decisions, kTried);
  Canary canary;
  Tally tally;
  std::size_t accepted = 0;
  for (const DecisionRecord& record : offers) {
    const auto verdict = candidate.decide(record.offer, record.facts);
    tally.add(record, verdict);
    if (verdict.decision.accepted) ++accepted;
    if (verdict.error.empty()) continue;
    canary.refused = refusal(verdict.error, record);
    break;
  }
  canary.tally = tally.report();
  if (in_force == nullptr || !canary.refused.empty() || accepted > 0) return canary;
  const auto before = std::count_if(offers.begin(), offers.end(), [&](const DecisionRecord& record) {
    return in_force->decide(record.offer, record.facts).decision.accepted;
  });
  canary.doubt = doubt(offers.size(), static_cast<std::size_t>(before));
  return canary;
}

}  // namespace policy::records
