#pragma once
// Replay: recorded offers against another policy, and what would have made refused ones pass. No child.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "job/usage_log.h"
#include "policy/policy_runtime.h"
#include "policy/records/ring.h"
#include "policy/records/tally.h"

namespace policy::records {

/// No quota looks further back.
constexpr std::chrono::days kLongestPeriod{9};

/// The records from `since` on go to `use`, and first those that were accepted before and may still count for a quota
/// to `past`.
ReadCounts for_each_with_past(const std::filesystem::path& folder, base::WallTime since,
                              const std::function<void(const DecisionRecord&)>& past,
                              const std::function<void(const DecisionRecord&)>& use);

/// A job that was accepted, for as long as was estimated: how long it ran is not recorded.
void count(job::UsageLog& usage, const DecisionRecord& record);

/// Each offer as it came, at its time. An offer that a hook fails on counts as an error and as nothing else. Quotas
/// count what this policy accepts itself, and what was accepted before `since`.
TallyReport replay(PolicyRuntime& policy, const std::filesystem::path& folder, base::WallTime since);

/// The same with the verdicts of `before` in place of the recorded ones.
TallyReport replay_both(PolicyRuntime& before, PolicyRuntime& after, const std::filesystem::path& folder,
                        base::WallTime since);

/// A change of one declaration that alone would have accepted some of a rule's refused offers.
struct Remedy {
  std::string change;  // "max_vram", "kinds with 'video'", ...
  std::string least;   // a value that accepts the one that missed by least; empty where the change has no value
  std::string most;    // the value that accepts them all
  std::uint64_t offers = 0;
};

struct Refusals {
  std::string rule;  // as recorded
  std::string reason;
  std::uint64_t offers = 0;
  std::uint64_t pass_today = 0;   // the present policy accepts them
  std::uint64_t by_several = 0;   // more than one thing objects, so no single change helps
  std::uint64_t by_function = 0;  // a hook decides: what would change its mind is not computable
  std::vector<Remedy> remedies;   // the one for most offers first
};

struct WhyReport {
  ReadCounts read;
  std::uint64_t refused = 0;
  std::vector<Refusals> rules;  // most offers first
};

/// The one change of a declaration that alone would accept an offer that `policy` declines: "max_vram 9421MiB (1.2 GiB
/// more)". Empty when there is none, or a function decides.
std::string single_change(PolicyRuntime& policy, const job::Offer& offer, const job::Facts& facts);

/// What refused offers, and the smallest change of `today`, the present policy, that would accept them.
WhyReport why(PolicyRuntime& today, const std::filesystem::path& folder, base::WallTime since);

}  // namespace policy::records
