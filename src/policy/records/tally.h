#pragma once
// Tally: what another policy makes of offers that were decided: what stays, what changes and by which rules. Pure.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "policy/policy_runtime.h"
#include "policy/records/ring.h"

namespace policy::records {

/// Offers whose verdict changes in the same way by the same rules, with the first of them.
struct ChangeGroup {
  std::string change;  // "now accepted", "now refused", "error"
  std::string before;  // the rule that decided then
  std::string rule;    // that decides now; of an error its place
  std::uint64_t offers = 0;
  DecisionRecord witness;
  job::Decision now;  // the witness's verdict
  std::string error;
};

/// Work by its estimate; what has none is counted.
struct WorkSum {
  base::Duration time{};
  std::uint64_t unknown = 0;  // offers
};

struct TallyReport {
  ReadCounts read;
  std::uint64_t offers = 0;
  std::uint64_t same = 0;
  std::uint64_t now_accepted = 0;
  std::uint64_t now_refused = 0;
  std::uint64_t errors = 0;
  WorkSum gained;                   // of what is now accepted
  WorkSum lost;                     // of what is now refused
  std::string hash;                 // of all verdicts: the same policy and the same offers give the same one everywhere
  std::vector<ChangeGroup> groups;  // errors first, then refusals; the largest first
};

class Tally {
 public:
  static constexpr std::size_t kMostGroups = 1000;  // what is beyond is counted in the totals alone

  /// `then`: the offer with the verdict that it got.
  void add(const DecisionRecord& then, const Verdict& now);
  TallyReport report() const;
  const TallyReport& totals() const { return totals_; }

 private:
  TallyReport totals_;
  std::map<std::tuple<std::string, std::string, std::string>, ChangeGroup> groups_;
  std::uint64_t hash_ = 0;
  std::string line_;
};

}  // namespace policy::records
