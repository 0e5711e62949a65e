#include "policy/inspect.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/log.h"
#include "base/text/lines.h"
#include "policy/generations/store.h"
#include "policy/records/canary.h"
#include "policy/rehearsal/dry_run.h"
#include "policy/rehearsal/instant.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/zone.h"
#include "policy/testing/run.h"

namespace policy {
namespace {

std::vector<std::string> printable_errors(const std::string& text) {
  std::vector<std::string> errors;
  for (const std::string_view line : base::lines_of(text)) errors.push_back(base::log::printable(line));
  return errors;
}

/// What a candidate would replace: the generation in force, as far as it can be read.
std::unique_ptr<PolicyRuntime> open_in_force(const generations::Store& store) {
  const auto mark = store.in_force();
  if (!mark) return nullptr;
  auto kept = store.read(mark->number);
  if (!kept) return nullptr;
  auto runtime = PolicyRuntime::load(std::move(kept->files));
  return runtime ? std::move(*runtime) : nullptr;
}

void try_on_records(PolicyRuntime& candidate, const std::filesystem::path& data, CheckReport& report) {
  const auto in_force = open_in_force(generations::Store(generations::folder_in(data)));
  const auto canary = records::try_out(candidate, in_force.get(), records::folder_in(data));
  report.replayed = canary.tally.offers;
  report.decided_otherwise = canary.tally.offers - canary.tally.same;
  report.held = base::log::printable(canary.doubt);
  if (canary.refused.empty()) return;
  // What is in force already is not loaded again, and where nothing is, a worker has nothing else to stay with.
  if (in_force && in_force->sources() != candidate.sources())
    report.errors.push_back(base::log::printable(canary.refused));
  else
    report.warnings.push_back({{}, "a function fails: " + canary.refused});
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

base::Result<CheckReport> check(const std::filesystem::path& path, base::WallTime now,
                                const std::filesystem::path& data) {
  TRY(const auto files, read_sources(path));
  CheckReport report;
  if (const auto texts = check_texts(files); !texts) {
    report.errors = printable_errors(texts.error().message);
    return report;
  }
  const auto runtime = PolicyRuntime::load(files);
  if (!runtime) {
    report.errors = printable_errors(runtime.error().message);
    return report;
  }
  report.summary = (*runtime)->summary();
  TRY(report.tests, testing::run_tests(files));
  report.errors = report.tests.errors();
  report.warnings = sweep::sweep((*runtime)->rules(), files, {now});
  for (rehearsal::Slip& slip : rehearsal::dry_run(**runtime, now)) {
    report.warnings.push_back({std::move(slip.place), std::move(slip.text)});
  }
  if (!data.empty()) try_on_records(**runtime, data, report);
  return report;
}

}  // namespace policy
