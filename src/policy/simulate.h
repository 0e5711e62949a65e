#pragma once
// Simulate: when a policy would claim, over a range of days of its own zone. In this process, on no clock.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/rules/calendar.h"

namespace policy {

constexpr int kMostSimulatedDays = 3660;

struct SimulatedDays {
  std::optional<std::string> from;  // YYYY-MM-DD, in the policy's zone; absent = the day of `now`
  int days = 7;                     // from 1 to kMostSimulatedDays
};

struct Simulation {
  rules::Zone zone = rules::Zone::utc();
  std::chrono::sys_days first;  // of the local calendar
  int days = 0;
  rules::Interval range;              // of all days
  std::vector<rules::Interval> open;  // merged, in order, clipped to the range
};

/// When `accept_during` lets the worker claim at all; the whole range when nothing is declared.
/// Errors: kInvalid for the days; the policy cannot be loaded.
base::Result<Simulation> simulate(const std::filesystem::path& path, const SimulatedDays& wanted, base::WallTime now);

/// A calendar for a terminal: one line for each day with its half hours, its times, and what the clocks do.
std::string to_text(const Simulation& simulation);
std::int64_t minutes_in(const std::vector<rules::Interval>& intervals);

}  // namespace policy
