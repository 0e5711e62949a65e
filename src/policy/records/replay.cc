#include "policy/records/replay.h"

#include "job/usage_log.h"

namespace policy::records {
namespace {

/// One policy, asked as if it had decided all along: what it accepts counts for its quotas.
class Rerun {
 public:
  explicit Rerun(PolicyRuntime& policy) : policy_(policy) {}

  Verdict decide(const DecisionRecord& record) {
    job::Facts facts = record.facts;
    facts.usage = &usage_;
    auto verdict = policy_.decide(record.offer, facts);
    if (verdict.decision.accepted) count(record);
    return verdict;
  }
  void count(const DecisionRecord& record) { records::count(usage_, record); }

 private:
  PolicyRuntime& policy_;
  job::UsageLog usage_;
};

}  // namespace

void count(job::UsageLog& usage, const DecisionRecord& record) {
  usage.add(record.offer.id, record.offer.game, record.facts.now, record.facts.est_time.value_or(base::Duration()));
}

ReadCounts for_each_with_past(const std::filesystem::path& folder, base::WallTime since,
                              const std::function<void(const DecisionRecord&)>& past,
                              const std::function<void(const DecisionRecord&)>& use) {
  std::uint64_t earlier = 0;
  auto read = for_each(folder, since - kLongestPeriod, [&](const DecisionRecord& record) {
    if (record.facts.now >= since) {
      use(record);
    } else {
      ++earlier;
      if (record.decision.accepted) past(record);
    }
    return true;
  });
  read.records -= earlier;
  return read;
}

TallyReport replay(PolicyRuntime& policy, const std::filesystem::path& folder, base::WallTime since) {
  Tally tally;
  Rerun rerun(policy);
  const auto read = for_each_with_past(
      folder, since, [&](const DecisionRecord& record) { rerun.count(record); },
      [&](const DecisionRecord& record) { tally.add(record, rerun.decide(record)); });
  auto report = tally.report();
  report.read = read;
  return report;
}

TallyReport replay_both(PolicyRuntime& before, PolicyRuntime& after, const std::filesystem::path& folder,
                        base::WallTime since) {
  Tally tally;
  Rerun left(before);
  Rerun right(after);
  const auto past = [&](const DecisionRecord& record) {
    left.count(record);
    right.count(record);
  };
  const auto read = for_each_with_past(folder, since, past, [&](const DecisionRecord& record) {
    DecisionRecord then = record;
    then.decision = left.decide(record).decision;
    tally.add(then, right.decide(record));
  });
  auto report = tally.report();
  report.read = read;
  return report;
}

}  // namespace policy::records
