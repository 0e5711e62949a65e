#include "policy/records/canary.h"

#include <algorithm>
#include <vector>

#include "policy/records/replay.h"
#include "policy/records/ring.h"

namespace policy::records {

Canary try_out(PolicyRuntime& candidate, PolicyRuntime* in_force, const std::filesystem::path& decisions) {
  const auto offers = newest(decisions, kTried);
  Canary canary;
  // What decides otherwise is told with its quotas; what a reload would refuse or hold, without them, as it does.
  if (!offers.empty()) canary.tally = replay(candidate, decisions, offers.front().facts.now);
  std::size_t accepted = 0;
  for (const DecisionRecord& record : offers) {
    const auto verdict = candidate.decide(record.offer, record.facts);
    if (verdict.decision.accepted) ++accepted;
    if (verdict.error.empty()) continue;
    canary.refused = refusal(verdict.error, record);
    break;
  }
  if (in_force == nullptr || !canary.refused.empty() || accepted > 0) return canary;
  const auto before = std::count_if(offers.begin(), offers.end(), [&](const DecisionRecord& record) {
    return in_force->decide(record.offer, record.facts).decision.accepted;
  });
  canary.doubt = doubt(offers.size(), static_cast<std::size_t>(before));
  return canary;
}

}  // namespace policy::records
