#pragma once
// Quota: how much of this worker the games of one entry may have in a period. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "job/usage.h"
#include "policy/rules/quota/period.h"
#include "policy/rules/zone.h"

namespace policy::rules {

/// At least one of the two bounds is set; the first that is reached closes the game until the next period.
struct Quota {
  std::optional<std::uint64_t> jobs;
  std::optional<base::Duration> gpu_time;
  std::string per;  // see Period
};

/// `3 jobs and 4h of GPU time per "night"`.
std::string to_text(const Quota& quota);

/// `quota of 3 jobs per "night" used up`; empty while it is not. Engine time counts when a run ends, so the job that
/// runs while the bound is reached still ends.
std::string objection(const Quota& quota, const job::Used& used);

/// How far it is used in the period, for an explanation.
std::string state_text(const Quota& quota, const job::Used& used);

/// `; next "night" starts tue 2026-03-24 22:00`; empty when none is in sight.
std::string next_text(const Quota& quota, const Period& period, const Zone& zone);

}  // namespace policy::rules
