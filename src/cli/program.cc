#include "cli/program.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace cli {
namespace {

/// Help, the version, or what is wrong with the arguments.
int end_at_once(const config::Exit& end, bool as_json) {
  std::fputs(end.text.c_str(), end.to_stderr ? stderr : stdout);
  constexpr std::string_view kError = "error: ";
  const auto line = std::string_view(end.text).substr(0, end.text.find('\n'));
  if (as_json && line.starts_with(kError)) tell_json(line.substr(kError.size()));
  return end.code;
}

}  // namespace

int run_program(int argc, char** argv, const std::string& version,
                const std::function<Outcome(const config::Invocation&)>& command) {
  const auto parsed = config::parse_command_line(argc, argv, version);
  if (const auto* end = std::get_if<config::Exit>(&parsed)) {
    const bool as_json =
        std::any_of(argv, argv + argc, [](const char* argument) { return std::string_view(argument) == "--json"; });
    return end_at_once(*end, as_json);
  }
  const auto& invocation = std::get<config::Invocation>(parsed);
  const Outcome outcome = command(invocation);
  tell(outcome, invocation.json);
  return outcome.code;
}

}  // namespace cli
