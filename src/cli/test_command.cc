// policy test: runs the tests of a policy and says what they reach.

#include <algorithm>
#include <cstdio>
#include <thread>

#include <boost/json.hpp>

#include "base/log.h"
#include "base/text/counted.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "policy/explain/explain.h"
#include "policy/source_files.h"
#include "policy/testing/run.h"

namespace cli {
namespace {

namespace json = boost::json;
using policy::testing::Coverage;
using policy::testing::Gap;
using policy::testing::Report;
using policy::testing::Result;

constexpr const char* kHowTo =
    "this policy has no tests; write the first one as night_test.lua beside it:\n"
    "\n"
    "  test('no work at noon', function(t)\n"
    "    t:clock '2026-03-24 12:00'\n"
    "    t:declines { game = 'tide-runner', kind = 'image', vram = '6GiB' }\n"
    "  end)\n"
    "\n"
    "policies/README.md lists what a test can say.\n";

double milliseconds(base::Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

unsigned rules_percent(const Coverage& coverage) {
  return policy::testing::percent(coverage.rules, coverage.idle_rules.size());
}
unsigned lines_percent(const Coverage& coverage) {
  return policy::testing::percent(coverage.lines, coverage.idle_lines.size());
}

void print_result(const Result& result, std::size_t widest) {
  const std::string name = result.name.empty() ? "cannot be loaded" : base::log::printable(result.name);
  std::string padded = name;
  padded.resize(std::max(widest, padded.size()), ' ');
  std::printf("  %-7s %s  %7.2f ms\n", result.failure ? "FAILED" : "ok", padded.c_str(), milliseconds(result.took));
  if (!result.failure) return;
  std::printf("          %s: %s\n", result.failure->place.c_str(), base::log::printable(result.failure->text).c_str());
  std::fputs(policy::to_text(result.failure->trace, "            ").c_str(), stdout);
}

void print_coverage(const Coverage& coverage) {
  std::printf("coverage: %u %% of %zu rules, %u %% of %zu lines in functions\n", rules_percent(coverage),
              coverage.rules, lines_percent(coverage), coverage.lines);
  std::vector<std::vector<std::string>> rows;
  for (const Gap& gap : coverage.idle_rules) rows.push_back({gap.place, gap.what + " never had a say"});
  for (const Gap& gap : coverage.idle_lines) rows.push_back({gap.place, "did not run"});
  std::fputs(columns(rows).c_str(), stdout);
}

void print(const Report& report) {
  std::size_t widest = 0;
  for (const Result& result : report.results) widest = std::max(widest, result.name.size());
  std::string file;
  for (const Result& result : report.results) {
    if (std::exchange(file, result.file) != result.file) std::printf("%s\n", result.file.c_str());
    print_result(result, widest);
  }
  const auto failed = report.failed();
  std::printf("%s, %s, in %.1f ms\n", base::counted(report.results.size(), "test").c_str(),
              failed == 0 ? "all hold" : (std::to_string(failed) + " failed").c_str(), milliseconds(report.took));
  if (report.coverage) print_coverage(*report.coverage);
}

json::object json_of(const Result& result) {
  json::object object{{"file", result.file},
                      {"name", result.name},
                      {"rule", result.place},
                      {"ok", !result.failure},
                      {"ms", milliseconds(result.took)}};
  if (!result.failure) return object;
  json::array trace;
  for (const auto& line : result.failure->trace) {
    trace.push_back(json::object{{"vote", job::to_string(line.vote)}, {"rule", line.rule}, {"text", line.text}});
  }
  object["failure"] =
      json::object{{"rule", result.failure->place}, {"text", result.failure->text}, {"trace", std::move(trace)}};
  return object;
}

json::array json_of(const std::vector<Gap>& gaps) {
  json::array list;
  for (const Gap& gap : gaps) list.push_back(json::object{{"rule", gap.place}, {"what", gap.what}});
  return list;
}

void print_json(const Report& report, bool ok) {
  json::array tests;
  for (const Result& result : report.results) tests.push_back(json_of(result));
  json::object whole{
      {"ok", ok}, {"tests", std::move(tests)}, {"failed", report.failed()}, {"ms", milliseconds(report.took)}};
  if (report.coverage) {
    const Coverage& coverage = *report.coverage;
    whole["coverage"] = json::object{{"rules", coverage.rules},
                                     {"rules_percent", rules_percent(coverage)},
                                     {"idle_rules", json_of(coverage.idle_rules)},
                                     {"lines", coverage.lines},
                                     {"lines_percent", lines_percent(coverage)},
                                     {"idle_lines", json_of(coverage.idle_lines)}};
  }
  std::puts(json::serialize(whole).c_str());
}

}  // namespace

Outcome test_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto& path = loaded.settings.policy;
  if (path.empty()) return fail(config::kExitUsage, kNoPolicy);
  const auto files = policy::read_sources(path);
  if (!files) return fail(config::kExitFailed, files.error().message);
  policy::testing::RunOptions options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  options.coverage = invocation.coverage;
  const auto report = policy::testing::run_tests(*files, options);
  if (!report) return fail(config::kExitFailed, report.error().message);
  const auto least = invocation.least_coverage;
  const bool reached = !least || std::min(rules_percent(*report->coverage), lines_percent(*report->coverage)) >= *least;
  const bool any = !report->results.empty();
  const bool ok = any && report->ok() && reached;
  if (invocation.json)
    print_json(*report, ok);
  else if (any)
    print(*report);
  else
    std::fputs(kHowTo, stdout);
  if (!reached && any && !invocation.json) {
    std::fprintf(stderr, "error: the coverage is below %u %%: write a test for what is listed above\n", *least);
  }
  return ok ? config::kExitOk : config::kExitFailed;
}

}  // namespace cli
