// policy diff: what two policies do differently.

#include <cstdio>

#include <boost/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/paths.h"
#include "policy/compare/diff.h"
#include "policy/inspect.h"
#include "policy/records/replay.h"
#include "policy/records/ring.h"
#include "policy/records/tally_text.h"
#include "policy/rules/rule_set.h"

namespace cli {
namespace {

namespace json = boost::json;
using policy::compare::Diff;
using policy::records::TallyReport;

constexpr std::chrono::seconds kTried = std::chrono::days(14);

struct Compared {
  std::filesystem::path before;
  std::filesystem::path after;
  Diff diff;
  std::optional<TallyReport> tried;  // recorded offers, when functions have a say
  policy::rules::Zone zone = policy::rules::Zone::utc();
};

base::Result<Compared> compare(const config::Invocation& invocation, const config::Loaded& loaded) {
  Compared result{.before = invocation.compared.size() == 2 ? invocation.compared[0] : loaded.settings.policy,
                  .after = invocation.compared.back()};
  if (result.before.empty()) return base::Error{base::Code::kInvalid, std::string(kNoPolicy)};
  TRY(const auto before, policy::open_policy(result.before));
  TRY(const auto after, policy::open_policy(result.after));
  const auto now = base::make_system_clock()->wall_now();
  result.diff = policy::compare::diff(*before, *after, now);
  result.zone = after->rules().calendar.zone();
  if (result.diff.functions) {
    const auto folder = policy::records::folder_in(config::policy_data_folder(loaded.settings.state_folder));
    result.tried = policy::records::replay_both(*before, *after, folder, now - invocation.since.value_or(kTried));
  }
  return result;
}

std::string places_of(const policy::compare::Difference& one) {
  const std::string before = one.before.empty() ? "nothing" : one.before;
  const std::string after = one.after.empty() ? "nothing" : one.after;
  return before == after ? before : before + " -> " + after;
}

/// How much of the answer is proven.
std::string certainty(const Compared& compared) {
  const auto& diff = compared.diff;
  std::string text = "hours, games, memory, pauses and logs: ";
  text += diff.exact ? "exact" : "in part, because there are too many patterns of names";
  text += ", over the " + std::to_string(policy::compare::kHorizon.count()) + " weeks from " +
          policy::rules::format_local(compared.zone, diff.range.start).substr(0, 14) + " (" + compared.zone.name() +
          ")\n";
  if (!compared.tried) return text;
  return text + "functions: by what they are made of, and tried on " + std::to_string(compared.tried->offers) +
         " recorded offers\n";
}

void print(const Compared& compared) {
  const auto& differences = compared.diff.differences;
  std::string_view about;
  for (const auto& one : differences) {
    if (one.about != about) std::printf("%s%s\n", about.empty() ? "" : "\n", one.about.c_str());
    about = one.about;
    std::printf("  %s  [%s]\n", one.text.c_str(), places_of(one).c_str());
    if (!one.witness.empty()) std::printf("    for example %s\n", one.witness.c_str());
  }
  if (differences.empty()) std::puts("no difference in behaviour");
  std::printf("\n%s", certainty(compared).c_str());
  if (compared.tried && compared.tried->same < compared.tried->offers) {
    std::fputs(to_text(*compared.tried).c_str(), stdout);
  }
}

json::object json_of(const Compared& compared) {
  json::array differences;
  for (const auto& one : compared.diff.differences) {
    differences.push_back(json::object{{"about", one.about},
                                       {"text", one.text},
                                       {"witness", one.witness},
                                       {"before", one.before},
                                       {"after", one.after}});
  }
  json::object whole{{"same", compared.diff.differences.empty()},
                     {"exact", compared.diff.exact},
                     {"from", base::format_utc(compared.diff.range.start)},
                     {"to", base::format_utc(compared.diff.range.end)},
                     {"differences", std::move(differences)}};
  if (compared.tried) whole["tried"] = policy::records::json_of(*compared.tried);
  return whole;
}

}  // namespace

Outcome diff_policies(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto compared = compare(invocation, loaded);
  // As of diff: 1 says that there are differences, so it cannot say that the comparison failed.
  if (!compared) return fail(config::kExitUsage, compared.error().message);
  if (invocation.json)
    std::puts(json::serialize(json_of(*compared)).c_str());
  else
    print(*compared);
  return compared->diff.differences.empty() ? config::kExitOk : config::kExitFailed;
}

}  // namespace cli
