#pragma once
// The commands of studio-worker. Each prints to stdout, errors to stderr, and returns its exit code.

#include <string>
#include <string_view>

#include "config/command_line.h"
#include "config/load.h"
#include "policy/records/record.h"

namespace cli {

inline constexpr std::string_view kNoPolicy =
    "no policy is configured; name one with --policy FILE|DIR, or with the key \"policy\" in config.toml";

int run_command(const config::Invocation& invocation, const std::string& version);

// Commands that read: state, configuration, policies, engines.
int show_status(const config::Invocation& invocation, const config::Loaded& loaded);
int show_config(const config::Invocation& invocation, const config::Loaded& loaded);
int check_config(const config::Invocation& invocation, const config::Loaded& loaded);
int list_engines(const config::Invocation& invocation, const config::Loaded& loaded);
int check_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int explain_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int describe_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int simulate_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int test_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int replay_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int diff_policies(const config::Invocation& invocation, const config::Loaded& loaded);
int why_refused(const config::Invocation& invocation, const config::Loaded& loaded);
/// Writes the editor's files beside the policy.
int write_policy_stubs(const config::Invocation& invocation, const config::Loaded& loaded);
int trace_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int show_policy_history(const config::Invocation& invocation, const config::Loaded& loaded);
/// What --last or --id asks for. Errors: kNotFound.
base::Result<policy::records::DecisionRecord> recorded_offer(const config::Invocation& invocation,
                                                             const config::Loaded& loaded);

// Commands that change config.toml.
int register_worker(const config::Invocation& invocation, const config::Loaded& loaded);
int set_threshold(const config::Invocation& invocation, const config::Loaded& loaded);
int set_enabled(const config::Loaded& loaded, bool enabled);

// Commands to the running worker.
int pause_worker(const config::Invocation& invocation, const config::Loaded& loaded);
int resume_worker(const config::Loaded& loaded);
int promote_policy(const config::Invocation& invocation, const config::Loaded& loaded);
/// Begins, ends or shows what another policy does beside the one in force.
int shadow_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int roll_back_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int drain_worker(const config::Invocation& invocation, const config::Loaded& loaded);

}  // namespace cli
