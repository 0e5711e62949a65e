#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

#include "base/memory/large_blocks.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/command_line.h"
#include "config/exit_code.h"
#include "process/child_process.h"

namespace {

/// The same words, in the program that holds what only policies need.
int become_policy_program(char** argv) {
  const auto program = process::sibling_program("studio-policy");
  ::execv(program.c_str(), argv);
  return cli::fail(config::kExitOperatingSystem, "cannot start " + program.string() + ": " + std::strerror(errno) +
                                                     "; it is installed beside studio-worker");
}

}  // namespace

int main(int argc, char** argv) {
  base::return_large_blocks();
  const auto parsed = config::parse_command_line(argc, argv, STUDIO_VERSION);
  if (const auto* end = std::get_if<config::Exit>(&parsed)) {
    std::fputs(end->text.c_str(), end->to_stderr ? stderr : stdout);
    return end->code;
  }
  const auto& invocation = std::get<config::Invocation>(parsed);
  if (config::is_about_policy(invocation.command)) return become_policy_program(argv);
  return cli::run_command(invocation, STUDIO_VERSION);
}
