#include "cli/program.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

#include "base/log.h"
#include "config/exit_code.h"

namespace cli {
namespace {

/// A standard descriptor that the caller closed would become the next file that is opened, and log lines go into it.
/// What a command prints must fail then, so its output gets a file that nobody can write.
void fill_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    static_cast<void>(::open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_RDWR));
  }
}

/// An answer that did not arrive is no success.
Outcome checked_output(Outcome outcome) {
  errno = 0;
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written || outcome.code != config::kExitOk) return outcome;
  return fail(config::kExitFailed, std::string("cannot write the output: ") +
                                       (errno != 0 ? std::strerror(errno) : "an earlier part of it was lost"));
}

/// Help, the version, or what is wrong with the arguments.
int end_at_once(const config::Exit& end, bool as_json) {
  std::fputs(end.text.c_str(), end.to_stderr ? stderr : stdout);
  constexpr std::string_view kError = "error: ";
  const auto line = std::string_view(end.text).substr(0, end.text.find('\n'));
  if (as_json && line.starts_with(kError)) tell_json(line.substr(kError.size()));
  return end.code;
}

bool goes_to_the_worker(config::Command command) {
  switch (command) {
    case config::Command::kStatus:
    case config::Command::kPause:
    case config::Command::kResume:
    case config::Command::kDrain:
    case config::Command::kPolicyPromote:
    case config::Command::kPolicyShadow:
    case config::Command::kPolicyTrace:
      return true;
    default:
      return false;
  }
}

/// Commands that only read the file; the others may make it.
bool needs_the_file(config::Command command) {
  switch (command) {
    case config::Command::kRun:
    case config::Command::kConfigShow:
    case config::Command::kConfigCheck:
      return true;
    default:
      return false;
  }
}

}  // namespace

base::Result<config::Loaded> load_for(const config::Invocation& invocation) {
  auto loaded = config::load(invocation.overrides);
  const auto& named = invocation.overrides.config_file;
  if (loaded && !named.empty() && !loaded->settings.file_exists && needs_the_file(invocation.command)) {
    return base::Error{base::Code::kInvalid, "there is no " + loaded->settings.config_file.string() +
                                                 "; make it with: studio-worker --config " + named.string() +
                                                 " register --api-base-url URL"};
  }
  const bool examined = invocation.command == config::Command::kDoctor;
  if (loaded || !(examined || goes_to_the_worker(invocation.command))) return loaded;
  config::Loaded found;
  TRY(found.settings, config::locate(invocation.overrides));
  found.unreadable = loaded.error();
  if (!examined) {
    std::fprintf(stderr, "warning: %s; a running worker goes on with what it has read\n",
                 base::log::printable(loaded.error().message).c_str());
  }
  return found;
}

int run_program(int argc, char** argv, const std::string& version,
                const std::function<Outcome(const config::Invocation&)>& command) {
  fill_standard_descriptors();
  const auto parsed = config::parse_command_line(argc, argv, version);
  if (const auto* end = std::get_if<config::Exit>(&parsed)) {
    const bool as_json =
        std::any_of(argv, argv + argc, [](const char* argument) { return std::string_view(argument) == "--json"; });
    return end_at_once(*end, as_json);
  }
  const auto& invocation = std::get<config::Invocation>(parsed);
  const Outcome outcome = checked_output(command(invocation));
  tell(outcome, invocation.json);
  return outcome.code;
}

}  // namespace cli
