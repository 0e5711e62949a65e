// studio-policy: the commands of `studio-worker policy`. They hold Lua, simulate and compare, and the daemon does not.

#include "cli/commands.h"
#include "cli/program.h"
#include "config/exit_code.h"

namespace cli {
namespace {

Outcome run_policy_command(const config::Invocation& invocation, const config::Loaded& loaded) {
  switch (invocation.command) {
    case config::Command::kPolicyCheck:
      return check_policy(invocation, loaded);
    case config::Command::kPolicyExplain:
      return explain_policy(invocation, loaded);
    case config::Command::kPolicyDescribe:
      return describe_policy(invocation, loaded);
    case config::Command::kPolicySimulate:
      return simulate_policy(invocation, loaded);
    case config::Command::kPolicyReplay:
      return replay_policy(invocation, loaded);
    case config::Command::kPolicyTest:
      return test_policy(invocation, loaded);
    case config::Command::kPolicyWhy:
      return why_refused(invocation, loaded);
    case config::Command::kPolicyHistory:
      return show_policy_history(invocation, loaded);
    case config::Command::kPolicyStubs:
      return write_policy_stubs(invocation, loaded);
    case config::Command::kPolicyPromote:
      return promote_policy(invocation, loaded);
    case config::Command::kPolicyRollback:
      return roll_back_policy(invocation, loaded);
    case config::Command::kPolicyDiff:
      return diff_policies(invocation, loaded);
    case config::Command::kPolicyShadow:
      return shadow_policy(invocation, loaded);
    case config::Command::kPolicyTrace:
      return trace_policy(invocation, loaded);
    default:
      return config::kExitUsage;
  }
}

}  // namespace
}  // namespace cli

int main(int argc, char** argv) {
  return cli::run_program(argc, argv, STUDIO_VERSION, [](const config::Invocation& invocation) -> cli::Outcome {
    if (!config::is_about_policy(invocation.command)) {
      return cli::fail(config::kExitUsage,
                       "studio-policy is a part of studio-worker; use: studio-worker policy --help");
    }
    const auto loaded = config::load(invocation.overrides);
    if (!loaded) return cli::fail(loaded.error());
    return cli::run_policy_command(invocation, *loaded);
  });
}
