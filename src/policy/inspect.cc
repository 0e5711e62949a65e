#include "policy/inspect.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/log.h"
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

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
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
  return PolicyRuntime::load(std::move(files), options);
}

base::Result<CheckReport> check(const std::filesystem::path& path, base::WallTime now) {
  TRY(const auto files, read_sources(path));
  CheckReport report;
  const auto runtime = PolicyRuntime::load(files);
  if (!runtime) {
    report.errors = lines_of(runtime.error().message);
    return report;
  }
  report.summary = (*runtime)->summary();
  TRY(report.tests, testing::run_tests(files));
  report.errors = report.tests.errors();
  report.warnings = sweep::sweep((*runtime)->rules(), files, {now});
  return report;
}

base::Result<Explanation> explain(const std::filesystem::path& path, const job::Offer& offer, const job::Facts& facts) {
  TRY(const auto runtime, open_policy(path));
  Explanation explanation;
  // The first decision compiles nothing but touches everything once; the second one is what the daemon takes.
  static_cast<void>(runtime->decide(offer, facts));
  const auto start = std::chrono::steady_clock::now();
  static_cast<void>(runtime->decide(offer, facts));
  explanation.took = std::chrono::steady_clock::now() - start;
  auto verdict = runtime->decide(offer, facts, true);
  explanation.decision = std::move(verdict.decision);
  explanation.decision.reason = base::log::printable(explanation.decision.reason);
  for (job::TraceLine& line : explanation.decision.trace) line.text = base::log::printable(line.text);
  explanation.error = base::log::printable(verdict.error);
  explanation.instructions = verdict.instructions;
  explanation.local_time = runtime->local_time(facts.now);
  return explanation;
}

std::string to_text(const job::Offer& offer, const Explanation& explanation) {
  const job::Decision& decision = explanation.decision;
  std::string text = "offer " + base::log::printable(offer.id.str()) + "  " + base::log::printable(offer.game.str()) +
                     " / " + std::string(job::to_string(offer.kind)) + "  vram " +
                     rules::format_size(job::vram_bytes(offer)) + "   " + explanation.local_time + "\n";
  std::size_t widest = 0;
  for (const job::TraceLine& line : decision.trace) widest = std::max(widest, line.rule.size());
  for (const job::TraceLine& line : decision.trace) {
    std::string vote(job::to_string(line.vote));
    if (line.vote == job::Vote::kDecline) vote = "DECLINE";
    text += "  " + padded(vote, 12) + padded(line.rule, widest + 2) + line.text + "\n";
  }
  if (decision.trace.empty()) text += "  no rule applies\n";
  text += decision.accepted ? "-> accepted" : "-> declined \"" + decision.reason + "\"";
  std::array<char, 80> cost{};
  std::snprintf(cost.data(), cost.size(), "      %.1f us, %llu instructions\n",
                static_cast<double>(explanation.took.count()) / 1000,
                static_cast<unsigned long long>(explanation.instructions));
  return text + cost.data();
}

}  // namespace policy
