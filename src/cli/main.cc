#include <cstdio>

#include "base/memory/large_blocks.h"
#include "cli/commands.h"
#include "config/command_line.h"

int main(int argc, char** argv) {
  base::return_large_blocks();
  const auto parsed = config::parse_command_line(argc, argv, STUDIO_VERSION);
  if (const auto* end = std::get_if<config::Exit>(&parsed)) {
    std::fputs(end->text.c_str(), end->to_stderr ? stderr : stdout);
    return end->code;
  }
  return cli::run_command(std::get<config::Invocation>(parsed), STUDIO_VERSION);
}
