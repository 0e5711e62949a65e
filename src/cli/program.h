#pragma once
// What the programs with commands have in common: the command line in, the outcome out.

#include <functional>
#include <string>

#include "cli/text.h"
#include "config/command_line.h"
#include "config/load.h"

namespace cli {

/// The configuration. A command to the running worker needs only to find it: it goes on without a file that cannot be
/// read, and warns on stderr.
base::Result<config::Loaded> load_for(const config::Invocation& invocation);

/// Reads the arguments and runs `command`; prints help, the version, and what is wrong with either. Returns the exit
/// code.
int run_program(int argc, char** argv, const std::string& version,
                const std::function<Outcome(const config::Invocation&)>& command);

}  // namespace cli
