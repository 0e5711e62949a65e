// The text of a policy file, loaded with small limits; what loads decides an offer, twice and explained.

#include "base/log.h"
#include "fuzz/fuzz.h"
#include "policy/policy_runtime.h"

namespace {

/// The time does not count: whether it is over depends on the machine.
constexpr policy::RuntimeOptions kSmall{.memory = base::kMiB, .instructions = 1'000, .time = std::chrono::minutes(1)};

/// So that the files of tests/hostile do something.
constexpr const char* kCase = R"(
local function run(name, first, second) return pcall(second or first, { game = name }) end
return { limit = run, error = run, hook_error = run, load_error = run, harmless = run }
)";

policy::SourceFiles files(std::string_view input) {
  return {{"case.lua", kCase}, {"p.lua", std::string(input)}};
}

job::Offer offer() {
  job::Offer one;
  one.id = base::JobId("8f3c");
  one.game = base::GameId("ember-keep");
  one.model = base::ModelId("flux-dev");
  one.vram_gb = 9.2;
  one.facts.width = 1024;
  return one;
}

job::Facts noon() {
  job::Facts facts;
  facts.now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 24) + std::chrono::hours(12);
  return facts;
}

/// Each line: "file:12: text", or "file: text" where no line is known.
void check_error(std::string_view error) {
  STUDIO_ASSERT(!error.empty());
  for (fuzz::Lines lines(error); const auto line = lines.next();) {
    if (line->starts_with("p.lua:") || line->starts_with("case.lua:")) return;
  }
  fuzz::require_same("an error without a place", error, "");
}

std::string said(const policy::Verdict& verdict) {
  return (verdict.decision.accepted ? "accepted " : "declined ") + verdict.decision.reason + " " +
         verdict.decision.rule + " " + verdict.error;
}

}  // namespace

/// An error says where, a policy that broke its limits goes on, and the same text says the same to the same offer.
void fuzz::run(std::string_view input) {
  const auto loaded = policy::PolicyRuntime::load(files(input), kSmall);
  const auto again = policy::PolicyRuntime::load(files(input), kSmall);
  STUDIO_ASSERT(loaded.has_value() == again.has_value());
  if (!loaded) return check_error(loaded.error().message);
  policy::PolicyRuntime& runtime = **loaded;
  const auto first = runtime.decide(offer(), noon());
  if (!first.error.empty()) check_error(first.error);
  STUDIO_ASSERT(first.decision.accepted == first.decision.reason.empty());
  STUDIO_ASSERT(first.error.empty() || !first.decision.accepted);
  require_same("the same text", said(first), said((*again)->decide(offer(), noon())));
  runtime.recover();
  static_cast<void>(runtime.decide(offer(), noon()));
  static_cast<void>(runtime.decide(offer(), noon(), true));
}
