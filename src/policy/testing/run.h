#pragma once
// The tests of a policy: *_test.lua of its folder, each file in a Lua state of its own over a policy of its own.

#include "base/result.h"
#include "policy/policy_runtime.h"
#include "policy/testing/report.h"

namespace policy::testing {

/// All tests of a policy together. A save whose tests take longer is refused.
constexpr base::Duration kTestTime = std::chrono::seconds(2);

struct RunOptions {
  RuntimeOptions runtime;
  base::Duration time = kTestTime;
  unsigned threads = 1;   // at most; each takes a file at a time
  bool coverage = false;  // slower
};

/// Runs them in the order of the files; the report is the same however many threads there are. Errors: those of
/// PolicyRuntime::load.
base::Result<Report> run_tests(const SourceFiles& files, const RunOptions& options = {});

}  // namespace policy::testing
