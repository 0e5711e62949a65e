#include "policy/records/replay.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"

namespace policy::records {

ReplayReport replay(PolicyRuntime& policy, const std::filesystem::path& folder, base::WallTime since) {
  ReplayReport report;
  std::map<std::pair<std::string, std::string>, ChangeGroup> groups;
  report.read = for_each(folder, since, [&](const DecisionRecord& record) {
    Verdict verdict = policy.decide(record.offer, record.facts);
    const bool accepted = verdict.decision.accepted;
    if (verdict.error.empty() && accepted == record.decision.accepted) {
      ++report.same;
      return true;
    }
    const char* change = !verdict.error.empty() ? "error" : accepted ? "now accepted" : "now refused";
    ++(!verdict.error.empty() ? report.errors : accepted ? report.now_accepted : report.now_refused);
    const std::string& rule = accepted ? record.decision.rule : verdict.decision.rule;
    ChangeGroup& group = groups[{change, rule}];
    if (++group.offers > 1) return true;
    group.change = change;
    group.rule = rule;
    group.witness = record;
    group.error = base::log::printable(verdict.error);
    group.now = std::move(verdict.decision);
    group.now.reason = base::log::printable(group.now.reason);
    return true;
  });
  for (auto& entry : groups) report.groups.push_back(std::move(entry.second));
  const auto rank = [](const ChangeGroup& group) {
    return group.change == "error" ? 0 : group.change == "now refused" ? 1 : 2;
  };
  std::stable_sort(report.groups.begin(), report.groups.end(), [&](const ChangeGroup& a, const ChangeGroup& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a.offers > b.offers;
  });
  return report;
}

}  // namespace policy::records
