#include <cstdio>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/log.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "control/client.h"
#include "worker/application.h"

namespace cli {
namespace {

namespace json = boost::json;

std::filesystem::path socket_of(const config::Loaded& loaded) {
  return control::socket_path(loaded.settings.runtime_folder, loaded.settings.config_file);
}

Outcome report(const base::Result<std::string>& answer, std::string_view done) {
  if (answer) {
    std::printf("%.*s\n", static_cast<int>(done.size()), done.data());
    return config::kExitOk;
  }
  if (answer.error().code == base::Code::kNotFound) {
    return fail(config::kExitNotRunning, answer.error().message + "; start it with: studio-worker run");
  }
  return fail(config::kExitFailed, answer.error().message);
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
  const auto loaded = config::load(invocation.overrides);
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
      return set_enabled(*loaded, invocation.command == config::Command::kEnable);
    case config::Command::kPause:
      return pause_worker(invocation, *loaded);
    case config::Command::kResume:
      return resume_worker(*loaded);
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
  std::string done = "paused; the running job goes on. Next: studio-worker resume";
  if (invocation.pause_for) {
    request["for_seconds"] = invocation.pause_for->count();
    done = "paused for " + human_duration(static_cast<double>(invocation.pause_for->count())) +
           "; the running job goes on";
  }
  return report(control::ask(socket_of(loaded), json::serialize(request)), done);
}

Outcome resume_worker(const config::Loaded& loaded) {
  return report(control::ask(socket_of(loaded), R"({"command":"resume"})"), "resumed");
}

Outcome drain_worker(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto socket = socket_of(loaded);
  base::UniqueFd process;
  if (invocation.wait) {
    // The worker's end is the end of its process: the kernel tells, nothing is polled.
    const auto status = control::ask(socket, R"({"command":"status"})");
    if (!status) return report(status, "");
    const auto pid = json::parse(*status).at("status").at("pid").to_number<pid_t>();
    process.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  }
  Outcome outcome = report(control::ask(socket, R"({"command":"drain"})"), "draining: no new jobs; ends when done");
  if (outcome.code != config::kExitOk || !invocation.wait) return outcome;
  pollfd ended{process.get(), POLLIN, 0};
  while (process && ::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  std::puts("the worker has ended");
  return outcome;
}

}  // namespace cli
