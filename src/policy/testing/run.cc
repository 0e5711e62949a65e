#include "policy/testing/run.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "policy/testing/coverage/coverage.h"
#include "policy/testing/test_file.h"

namespace policy::testing {
namespace {

/// One file's part.
struct Part {
  std::string file;
  std::vector<Result> results;
  Seen seen;
};

/// Functions may keep something from one decision to the next: every file starts with a policy that decided nothing.
void run_part(Part& part, const SourceFiles& files, const Limits& limits, bool coverage) {
  if (std::chrono::steady_clock::now() >= limits.deadline) {
    part.results.push_back(
        {part.file, "", part.file, Failure{part.file, "did not run: the tests before took too long", {}}});
    return;
  }
  auto policy = PolicyRuntime::load(files, limits.runtime);
  if (!policy) {
    part.results.push_back({part.file, "", part.file, Failure{part.file, policy.error().message, {}}});
    return;
  }
  if (coverage) (*policy)->watch(part.seen.footprint);
  TestFile tests(files, part.file, limits);
  part.results = tests.run(**policy, coverage ? &part.seen : nullptr);
}

void run_parts(std::vector<Part>& parts, const SourceFiles& files, const Limits& limits, const RunOptions& options) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto part = next++; part < parts.size(); part = next++) {
      run_part(parts[part], files, limits, options.coverage);
    }
  };
  std::vector<std::thread> others;
  const auto threads = std::min<std::size_t>(options.threads, parts.size());
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
}

}  // namespace

base::Result<Report> run_tests(const SourceFiles& files, const RunOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  TRY(const auto policy, PolicyRuntime::load(files, options.runtime));
  const Limits limits{options.runtime, start + options.time};
  std::vector<Part> parts;
  for (const SourceFile& file : files) {
    if (is_test_file(file.name)) parts.push_back({file.name, {}, {}});
  }
  run_parts(parts, files, limits, options);
  Report report;
  Seen seen;
  for (Part& part : parts) {
    std::move(part.results.begin(), part.results.end(), std::back_inserter(report.results));
    seen.add(part.seen);
  }
  if (options.coverage) report.coverage = cover(*policy, seen);
  report.took = std::chrono::steady_clock::now() - start;
  return report;
}

}  // namespace policy::testing
