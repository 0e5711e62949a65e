#pragma once
// The options and arguments of the policy commands.

#include <string>
#include <vector>

#include <cxxopts.hpp>

#include "base/result.h"
#include "config/command_line.h"

namespace config {

void add_policy_options(Command command, cxxopts::Options& options);
base::Status read_policy_options(const cxxopts::ParseResult& parsed, Invocation& invocation);
/// `words`: what stands behind the command's own.
base::Status read_policy_words(const std::vector<std::string>& words, Invocation& invocation);

}  // namespace config
