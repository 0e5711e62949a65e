#include "policy/records/replay.h"

namespace policy::records {

TallyReport replay(PolicyRuntime& policy, const std::filesystem::path& folder, base::WallTime since) {
  Tally tally;
  const auto read = for_each(folder, since, [&](const DecisionRecord& record) {
    tally.add(record, policy.decide(record.offer, record.facts));
    return true;
  });
  auto report = tally.report();
  report.read = read;
  return report;
}

TallyReport replay_both(PolicyRuntime& before, PolicyRuntime& after, const std::filesystem::path& folder,
                        base::WallTime since) {
  Tally tally;
  const auto read = for_each(folder, since, [&](const DecisionRecord& record) {
    DecisionRecord then = record;
    then.decision = before.decide(record.offer, record.facts).decision;
    tally.add(then, after.decide(record.offer, record.facts));
    return true;
  });
  auto report = tally.report();
  report.read = read;
  return report;
}

}  // namespace policy::records
