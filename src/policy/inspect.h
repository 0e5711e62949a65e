#pragma once
// Inspect: a policy as the tools read it. In this process, no child.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/policy_runtime.h"
#include "policy/sweep/sweep.h"
#include "policy/testing/report.h"

namespace policy {

/// Reads a file or folder and loads it. Errors: those of `read_sources` and of PolicyRuntime::load.
base::Result<std::unique_ptr<PolicyRuntime>> open_policy(const std::filesystem::path& path,
                                                         RuntimeOptions options = {});

struct CheckReport {
  std::vector<std::string> errors;  // "file:line: text"; empty = the policy may go into force
  // Of a policy that loads:
  PolicyRuntime::Summary summary;
  testing::Report tests;  // those that failed are errors, too
  std::vector<sweep::Warning> warnings;
  // Of the last recorded offers, where there are some:
  std::uint64_t replayed = 0;
  std::uint64_t decided_otherwise = 0;  // than they were
  std::string held;                     // why a reload would hold it until `policy promote`; empty when it would not
  bool ok() const { return errors.empty(); }
};

/// Everything that a reload would check, and what can never work from `now` on. `data`: where the worker keeps its
/// generations and decisions; empty = nowhere. Errors: the path cannot be read as a policy.
base::Result<CheckReport> check(const std::filesystem::path& path, base::WallTime now,
                                const std::filesystem::path& data = {});

/// An instant written as RFC 3339 ("2026-03-25T01:12:00Z", "...+02:00") or as a wall-clock time of the policy's zone
/// ("2026-03-25 01:12"). Errors: kInvalid; those of `open_policy`.
base::Result<base::WallTime> parse_time(const std::filesystem::path& path, const std::string& text);

}  // namespace policy
