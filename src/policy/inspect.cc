#include "policy/inspect.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/log.h"
#include "policy/rehearsal/dry_run.h"
#include "policy/rehearsal/instant.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/zone.h"
#include "policy/testing/run.h"

namespace policy {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    lines.push_back(base::log::printable(text.substr(from, end - from)));
    from = end + 1;
  }
  return lines;
}

}  // namespace

base::Result<base::WallTime> parse_time(const std::filesystem::path& path, const std::string& text) {
  return rehearsal::parse_instant(text, [&path]() -> base::Result<rules::Zone> {
    if (path.empty()) return rules::Zone::machine();
    TRY(const auto runtime, open_policy(path));
    return runtime->rules().calendar.zone();
  });
}

base::Result<std::unique_ptr<PolicyRuntime>> open_policy(const std::filesystem::path& path, RuntimeOptions options) {
  TRY(auto files, read_sources(path));
  CHECK_OK(check_texts(files));
  return PolicyRuntime::load(std::move(files), options);
}

base::Result<CheckReport> check(const std::filesystem::path& path, base::WallTime now) {
  TRY(const auto files, read_sources(path));
  CheckReport report;
  if (const auto texts = check_texts(files); !texts) {
    report.errors = lines_of(texts.error().message);
    return report;
  }
  const auto runtime = PolicyRuntime::load(files);
  if (!runtime) {
    report.errors = lines_of(runtime.error().message);
    return report;
  }
  report.summary = (*runtime)->summary();
  TRY(report.tests, testing::run_tests(files));
  report.errors = report.tests.errors();
  report.warnings = sweep::sweep((*runtime)->rules(), files, {now});
  for (rehearsal::Slip& slip : rehearsal::dry_run(**runtime, now)) {
    report.warnings.push_back({std::move(slip.place), std::move(slip.text)});
  }
  return report;
}

}  // namespace policy
