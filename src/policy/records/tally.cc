#include "policy/records/tally.h"

#include <algorithm>
#include <array>
#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/log.h"

namespace policy::records {
namespace {

std::string place_of(const std::string& error) {
  return error.substr(0, error.find(": "));
}

void add_work(WorkSum& sum, const job::Facts& facts) {
  if (facts.est_time)
    sum.time += *facts.est_time;
  else
    ++sum.unknown;
}

}  // namespace

void Tally::add(const DecisionRecord& then, const Verdict& now) {
  const job::Decision& decision = now.decision;
  line_.assign(then.offer.id.str());
  for (const std::string_view part : {std::string_view(decision.accepted ? "+" : "-"), std::string_view(decision.rule),
                                      std::string_view(decision.reason), job::to_string(decision.code)}) {
    line_ += '\n';
    line_ += part;
  }
  hash_ = XXH3_64bits_withSeed(line_.data(), line_.size(), hash_);
  ++totals_.offers;
  const bool failed = !now.error.empty();
  if (!failed && decision.accepted == then.decision.accepted) {
    ++totals_.same;
    return;
  }
  const char* const change = failed ? "error" : decision.accepted ? "now accepted" : "now refused";
  ++(failed ? totals_.errors : decision.accepted ? totals_.now_accepted : totals_.now_refused);
  if (!failed) add_work(decision.accepted ? totals_.gained : totals_.lost, then.facts);
  std::tuple key{std::string(change), then.decision.rule, failed ? place_of(now.error) : decision.rule};
  if (groups_.size() == kMostGroups && !groups_.contains(key)) return;
  ChangeGroup& group = groups_[key];
  if (++group.offers > 1) return;
  std::tie(group.change, group.before, group.rule) = std::move(key);
  group.witness = then;
  group.error = base::log::printable(now.error);
  group.now = decision;
  group.now.reason = base::log::printable(decision.reason);
}

TallyReport Tally::report() const {
  TallyReport report = totals_;
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash_));
  report.hash = digits.data();
  for (const auto& entry : groups_) report.groups.push_back(entry.second);
  const auto rank = [](const ChangeGroup& group) {
    return group.change == "error" ? 0 : group.change == "now refused" ? 1 : 2;
  };
  std::stable_sort(report.groups.begin(), report.groups.end(), [&](const ChangeGroup& a, const ChangeGroup& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a.offers > b.offers;
  });
  return report;
}

}  // namespace policy::records
