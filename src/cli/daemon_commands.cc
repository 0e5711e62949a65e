#include <cerrno>
#include <cstdio>
#include <optional>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/log.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "control/client.h"
#include "worker/application.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr int kNoStop = -1;  // of control::follow: nothing else ends it

std::filesystem::path socket_of(const config::Loaded& loaded) {
  return control::socket_path(loaded.settings.runtime_folder, loaded.settings.config_file);
}

Outcome refused(const base::Error& error) {
  if (error.code == base::Code::kNotFound) {
    return fail(config::kExitNotRunning, error.message + "; start it with: studio-worker run");
  }
  return fail(config::kExitFailed, error.message);
}

Outcome report(const base::Result<std::string>& answer, std::string_view done, bool as_json) {
  if (!answer) return refused(answer.error());
  say(done, as_json);
  return config::kExitOk;
}

/// Of the running worker, to wait for its end; none when it does not say.
base::UniqueFd process_of(const std::filesystem::path& socket) {
  const auto status = control::ask(socket, R"({"command":"status"})");
  if (!status) return {};
  const auto pid = json::parse(*status).at("status").at("pid").to_number<pid_t>();
  return base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// Whether this line of the trace is the worker's last.
bool says_end(std::string_view line) {
  boost::system::error_code failure;
  const json::value event = json::parse(json::string_view(line.data(), line.size()), failure);
  return !failure && event.is_object() && text_of(event.as_object(), "event") == "end";
}

base::log::Level level_of(const std::string& name) {
  if (name == "debug") return base::log::Level::kDebug;
  if (name == "warn") return base::log::Level::kWarn;
  return name == "error" ? base::log::Level::kError : base::log::Level::kInfo;
}

Outcome run(const config::Invocation& invocation, const config::Loaded& loaded, const std::string& version) {
  base::log::set_level(level_of(loaded.settings.log_level));
  base::log::set_json(loaded.settings.log_json);
  for (const auto& warning : loaded.warnings) base::log::warn("config", warning);
  if (loaded.public_worker_config) {
    base::log::info("config", "the public worker has a configuration here; to use it: studio-worker --config FILE run",
                    {{"file", loaded.public_worker_config->string()}});
  }
  return worker::run_application(loaded.settings, {invocation.jobs, invocation.idle_exit}, version);
}

}  // namespace

Outcome run_command(const config::Invocation& invocation, const std::string& version) {
  const auto loaded = load_for(invocation);
  if (!loaded) return fail(loaded.error());
  switch (invocation.command) {
    case config::Command::kRun:
      return run(invocation, *loaded, version);
    case config::Command::kRegister:
      return register_worker(invocation, *loaded);
    case config::Command::kStatus:
      return show_status(invocation, *loaded);
    case config::Command::kConfigShow:
      return show_config(invocation, *loaded);
    case config::Command::kConfigCheck:
      return check_config(invocation, *loaded);
    case config::Command::kSetThreshold:
      return set_threshold(invocation, *loaded);
    case config::Command::kEnable:
    case config::Command::kDisable:
      return set_enabled(invocation, *loaded);
    case config::Command::kPause:
      return pause_worker(invocation, *loaded);
    case config::Command::kResume:
      return resume_worker(invocation, *loaded);
    case config::Command::kDrain:
      return drain_worker(invocation, *loaded);
    case config::Command::kDoctor:
      return examine_worker(invocation, *loaded);
    case config::Command::kEngineList:
      return list_engines(invocation, *loaded);
    default:
      return config::kExitUsage;
  }
}

Outcome pause_worker(const config::Invocation& invocation, const config::Loaded& loaded) {
  json::object request{{"command", "pause"}};
  std::string done = "paused until studio-worker resume, or the worker's next start; the running job goes on";
  if (invocation.pause_for) {
    request["for_seconds"] = invocation.pause_for->count();
    done = "paused for " + human_duration(static_cast<double>(invocation.pause_for->count())) +
           "; the running job goes on";
  }
  return report(control::ask(socket_of(loaded), json::serialize(request)), done, invocation.json);
}

Outcome resume_worker(const config::Invocation& invocation, const config::Loaded& loaded) {
  return report(control::ask(socket_of(loaded), R"({"command":"resume"})"), "resumed", invocation.json);
}

Outcome drain_worker(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto socket = socket_of(loaded);
  const auto drain = [&socket] { return control::ask(socket, R"({"command":"drain"})"); };
  const std::string_view begun = "draining: no new jobs; ends when done";
  if (!invocation.wait) return report(drain(), begun, invocation.json);
  // Followed from before the order on, so that its last word cannot be missed: a worker that says none was killed.
  base::UniqueFd process = process_of(socket);
  std::optional<base::Result<std::string>> ordered;
  const auto followed =
      control::follow(socket, R"({"command":"policy trace","kept":false})", kNoStop, [&](std::string_view line) {
        if (ordered) return !says_end(line);
        ordered = drain();
        if (*ordered && !invocation.json) std::puts(std::string(begun).c_str());
        std::fflush(stdout);
        return ordered->has_value();
      });
  if (!ordered) return refused(followed.error());
  if (!*ordered) return refused(ordered->error());
  if (!followed) {
    return fail(
        config::kExitFailed,
        "the worker ended without a word: it was killed, or it crashed. What it had finished is delivered by the "
        "next one: studio-worker run");
  }
  // What the operator does next may need the process gone, not only its work: the kernel tells.
  pollfd ended{process.get(), POLLIN, 0};
  while (process && ::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  say("the worker has ended", invocation.json);
  return config::kExitOk;
}

}  // namespace cli
