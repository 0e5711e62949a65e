// The commands that read decision records: replay, why, and explain of a recorded offer.

#include <cstdio>

#include <boost/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/paths.h"
#include "policy/inspect.h"
#include "policy/records/replay.h"
#include "policy/records/ring.h"
#include "policy/records/tally_text.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kReplayed = std::chrono::days(14);
constexpr std::chrono::seconds kAskedWhy = std::chrono::days(7);

std::filesystem::path folder_of(const config::Loaded& loaded) {
  return policy::records::folder_in(config::policy_data_folder(loaded.settings.state_folder));
}

base::WallTime begin_of(const config::Invocation& invocation, std::chrono::seconds usual) {
  return base::make_system_clock()->wall_now() - invocation.since.value_or(usual);
}

void warn_of_damage(const policy::records::ReadCounts& counts) {
  if (counts.damaged == 0) return;
  std::fprintf(stderr, "warning: %llu damaged records are left out\n", static_cast<unsigned long long>(counts.damaged));
}

json::object json_of(const policy::records::Refusals& refusals) {
  json::array remedies;
  for (const auto& one : refusals.remedies) {
    json::object remedy{{"change", one.change}, {"offers", one.offers}};
    if (!one.least.empty()) remedy["least"] = one.least;
    if (!one.most.empty()) remedy["most"] = one.most;
    remedies.push_back(std::move(remedy));
  }
  return {{"rule", refusals.rule},
          {"reason", refusals.reason},
          {"offers", refusals.offers},
          {"pass_today", refusals.pass_today},
          {"by_several", refusals.by_several},
          {"by_function", refusals.by_function},
          {"remedies", std::move(remedies)}};
}

void print_why(const policy::records::WhyReport& report) {
  std::printf("%llu of %llu offers were refused by the policy\n", static_cast<unsigned long long>(report.refused),
              static_cast<unsigned long long>(report.read.records));
  for (const auto& refusals : report.rules) {
    std::printf("\n%llu  %s  \"%s\"\n", static_cast<unsigned long long>(refusals.offers),
                base::log::printable(refusals.rule).c_str(), base::log::printable(refusals.reason).c_str());
    for (const auto& one : refusals.remedies) {
      std::string value = one.most.empty() ? "" : " " + one.most;
      if (one.least != one.most) value += " (the nearest: " + one.least + ")";
      std::printf("  %llu would pass with: %s%s\n", static_cast<unsigned long long>(one.offers),
                  base::log::printable(one.change).c_str(), value.c_str());
    }
    const auto count = [](std::uint64_t number, const char* what) {
      if (number > 0) std::printf("  %llu %s\n", static_cast<unsigned long long>(number), what);
    };
    count(refusals.pass_today, "pass with the policy of today");
    count(refusals.by_several, "are refused by more than one rule or key");
    count(refusals.by_function, "are refused by a function");
  }
}

}  // namespace

Outcome replay_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto runtime = policy::open_policy(invocation.with);
  if (!runtime) return fail(config::kExitFailed, runtime.error().message);
  const auto clock = base::make_system_clock();
  const auto begun = clock->now();
  const auto report = policy::records::replay(**runtime, folder_of(loaded), begin_of(invocation, kReplayed));
  const double seconds = std::chrono::duration<double>(clock->now() - begun).count();
  warn_of_damage(report.read);
  if (invocation.json) {
    auto whole = json_of(report);
    whole["damaged"] = report.read.damaged;
    whole["seconds"] = seconds;
    std::puts(json::serialize(whole).c_str());
    return config::kExitOk;
  }
  std::fputs(to_text(report).c_str(), stdout);
  std::printf("\nverdict hash %s\n%.0f offers/s\n", report.hash.c_str(),
              seconds > 0 ? static_cast<double>(report.offers) / seconds : 0.0);
  return config::kExitOk;
}

Outcome why_refused(const config::Invocation& invocation, const config::Loaded& loaded) {
  if (loaded.settings.policy.empty()) return fail(config::kExitUsage, kNoPolicy);
  const auto runtime = policy::open_policy(loaded.settings.policy);
  if (!runtime) return fail(config::kExitFailed, runtime.error().message);
  const auto report = policy::records::why(**runtime, folder_of(loaded), begin_of(invocation, kAskedWhy));
  warn_of_damage(report.read);
  if (!invocation.json) {
    print_why(report);
    return config::kExitOk;
  }
  json::array rules;
  for (const auto& refusals : report.rules) rules.push_back(json_of(refusals));
  const json::object whole{{"offers", report.read.records},
                           {"refused", report.refused},
                           {"damaged", report.read.damaged},
                           {"rules", std::move(rules)}};
  std::puts(json::serialize(whole).c_str());
  return config::kExitOk;
}

base::Result<policy::records::DecisionRecord> recorded_offer(const config::Invocation& invocation,
                                                             const config::Loaded& loaded) {
  std::vector<policy::records::DecisionRecord> found;
  if (invocation.last) {
    found = policy::records::newest(folder_of(loaded), 1);
  } else {
    // The newest record of the job: it may have been offered more than once.
    policy::records::for_each(folder_of(loaded), {}, [&](const policy::records::DecisionRecord& record) {
      if (record.offer.id.str() == invocation.recorded_id) found.assign(1, record);
      return true;
    });
  }
  if (!found.empty()) return std::move(found.front());
  return base::Error{base::Code::kNotFound, invocation.last ? "no decision is recorded in " + folder_of(loaded).string()
                                                            : "no decision on offer \"" +
                                                                  base::log::printable(*invocation.recorded_id, 60) +
                                                                  "\" is recorded"};
}

}  // namespace cli
