// studio-policy: the commands of `studio-worker policy`. They hold Lua, simulate and compare, and the daemon does not.

#include <filesystem>
#include <system_error>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "config/exit_code.h"
#include "config/paths.h"

namespace cli {
namespace {

bool reads_what_is_kept(config::Command command) {
  switch (command) {
    case config::Command::kPolicyReplay:
    case config::Command::kPolicyWhy:
    case config::Command::kPolicyHistory:
    case config::Command::kPolicyRollback:
    case config::Command::kPolicyTrace:
      return true;
    default:
      return false;
  }
}

/// What this user may not read would look as if nothing were there.
base::Status check_readable(const std::filesystem::path& folder) {
  std::error_code failure;
  const std::filesystem::directory_iterator entries(folder, failure);
  if (!failure || failure == std::errc::no_such_file_or_directory) return {};
  return base::file_error("read", folder, failure.value());
}

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
    const auto loaded = cli::load_for(invocation);
    if (!loaded) return cli::fail(loaded.error());
    if (cli::reads_what_is_kept(invocation.command)) {
      const auto folder = config::policy_data_folder(loaded->settings.state_folder);
      if (const auto readable = cli::check_readable(folder); !readable) return cli::fail(readable.error());
    }
    return cli::run_policy_command(invocation, *loaded);
  });
}
