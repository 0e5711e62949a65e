#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "base/memory/large_blocks.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "config/exit_code.h"
#include "process/child_process.h"

namespace {

/// The same words, in the program that holds what only policies need.
cli::Outcome become_policy_program(char** argv) {
  const auto program = process::sibling_program("studio-policy");
  ::execv(program.c_str(), argv);
  return cli::fail(config::kExitOperatingSystem, "cannot start " + program.string() + ": " + std::strerror(errno) +
                                                     "; it is installed beside studio-worker");
}

}  // namespace

int main(int argc, char** argv) {
  base::return_large_blocks();
  return cli::run_program(argc, argv, STUDIO_VERSION, [&](const config::Invocation& invocation) {
    if (config::is_about_policy(invocation.command)) return become_policy_program(argv);
    return cli::run_command(invocation, STUDIO_VERSION);
  });
}
