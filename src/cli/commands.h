#pragma once
// The commands of studio-worker. Each prints to stdout; what it failed for is its outcome.

#include <string>
#include <string_view>
#include <vector>

#include "cli/text.h"
#include "config/command_line.h"
#include "config/load.h"
#include "policy/records/record.h"

namespace cli {

inline constexpr std::string_view kNoPolicy =
    "no policy is configured; name one with --policy FILE|DIR, or with the key \"policy\" in config.toml";

Outcome run_command(const config::Invocation& invocation, const std::string& version);

// Commands that read: state, configuration, policies, engines.
Outcome show_status(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome show_config(const config::Invocation& invocation, const config::Loaded& loaded);
/// Of config.toml, of the engines' manifests, and of files that are named and not there.
std::vector<std::string> warnings_of(const config::Loaded& loaded);
Outcome check_config(const config::Invocation& invocation, const config::Loaded& loaded);
/// Everything that may keep this worker from serving; fails when something does.
Outcome examine_worker(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome list_engines(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome check_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome explain_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome describe_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome simulate_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome test_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome replay_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome diff_policies(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome why_refused(const config::Invocation& invocation, const config::Loaded& loaded);
/// Writes the editor's files beside the policy.
Outcome write_policy_stubs(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome trace_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome show_policy_history(const config::Invocation& invocation, const config::Loaded& loaded);
/// What --last or --id asks for. Errors: kNotFound.
base::Result<policy::records::DecisionRecord> recorded_offer(const config::Invocation& invocation,
                                                             const config::Loaded& loaded);

// Commands that change config.toml.
Outcome register_worker(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome set_threshold(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome set_enabled(const config::Invocation& invocation, const config::Loaded& loaded);

// Commands to the running worker.
Outcome pause_worker(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome resume_worker(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome promote_policy(const config::Invocation& invocation, const config::Loaded& loaded);
/// Begins, ends or shows what another policy does beside the one in force.
Outcome shadow_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome roll_back_policy(const config::Invocation& invocation, const config::Loaded& loaded);
Outcome drain_worker(const config::Invocation& invocation, const config::Loaded& loaded);

}  // namespace cli
