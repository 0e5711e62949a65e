// The checks that need nothing but this machine's files.

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "cli/doctor/doctor.h"
#include "engine/engine_pool.h"
#include "job/machine_facts.h"
#include "machine/sensors.h"
#include "process/child_process.h"

namespace cli::doctor {
namespace {

/// A result and its journal record fit easily; below it a large one may not.
constexpr base::Bytes kLittleSpace = base::kGiB;

std::string gib(base::Bytes bytes) {
  const base::Bytes tenths = bytes * 10 / base::kGiB;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

/// The folder, or the nearest one above it that exists.
std::filesystem::path existing(std::filesystem::path folder) {
  std::error_code failure;
  while (!std::filesystem::exists(folder, failure) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

/// 0, or why no file can be made there: the only answer that counts quotas, read-only mounts and access lists, too.
int trouble_of_writing(const std::filesystem::path& folder) {
  std::string name = (folder / ".doctor-XXXXXX").native();
  const base::UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return errno;
  ::unlink(name.c_str());
  return 0;
}

bool can_be_started(const std::string& program) {
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? std::string_view() : std::string_view(path);
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    if (::access((std::string(rest.substr(0, end)) + "/" + program).c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

Finding look_at_configuration(const config::Loaded& loaded) {
  const std::string file = loaded.settings.config_file.native();
  if (loaded.unreadable) return {"configuration", Verdict::kFailed, loaded.unreadable->message, "correct " + file};
  const std::vector<std::string> warnings = warnings_of(loaded);
  if (!warnings.empty()) {
    const std::string more = warnings.size() > 1 ? " (and " + std::to_string(warnings.size() - 1) + " more)" : "";
    return {"configuration", Verdict::kWarning, warnings.front() + more, "studio-worker config check"};
  }
  if (!loaded.settings.file_exists) return {"configuration", Verdict::kFine, "the defaults; there is no " + file, ""};
  return {"configuration", Verdict::kFine, file, ""};
}

Finding look_at_identity(const config::Settings& settings) {
  if (!settings.worker_id.empty() && !settings.auth_token.empty()) {
    return {"identity", Verdict::kFine, "approved as " + base::log::printable(settings.worker_id.str()), ""};
  }
  if (!settings.registration_request_id.empty()) {
    return {"identity", Verdict::kWarning,
            "the studio has not approved request " + base::log::printable(settings.registration_request_id) + " yet",
            "ask the studio's operator; the worker goes on by itself then"};
  }
  return {"identity", Verdict::kWarning, "not registered", "studio-worker run registers, and waits for the approval"};
}

Finding look_at_state_folder(const config::Settings& settings) {
  const std::string subject = "state folder";
  const std::string name = settings.state_folder.native();
  for (const auto& folder : {settings.state_folder, settings.state_folder / "jobs"}) {
    const auto place = existing(folder);
    const int why = trouble_of_writing(place);
    if (why == 0) continue;
    return {subject, Verdict::kFailed, place.native() + " cannot be written: " + std::strerror(why),
            why == ENOSPC || why == EDQUOT ? "free space there, or use another folder with --state DIR"
                                           : "give it to this user, or use another folder with --state DIR"};
  }
  struct statvfs disk {};
  if (::statvfs(existing(settings.state_folder).c_str(), &disk) != 0) return {subject, Verdict::kFine, name, ""};
  const base::Bytes free = static_cast<base::Bytes>(disk.f_bavail) * disk.f_frsize;
  if (free < kLittleSpace) {
    return {subject, Verdict::kWarning, name + " has only " + gib(free) + " left",
            "free space there, or use another folder with --state DIR"};
  }
  return {subject, Verdict::kFine, name + ", " + gib(free) + " free", ""};
}

Finding look_at_programs() {
  std::string missing;
  for (const char* name : {"studio-policy-host", "studio-transfer"}) {
    if (!can_be_started(process::sibling_program(name).native()))
      missing += (missing.empty() ? "" : " and ") + std::string(name);
  }
  const std::string folder = process::own_program().parent_path().native();
  if (missing.empty()) return {"programs", Verdict::kFine, folder, ""};
  return {"programs", Verdict::kFailed, missing + " cannot be started from " + folder,
          "install the whole package there"};
}

Finding look_at_engines(const config::Settings& settings) {
  const auto found = config::load_engines(settings.engines);
  if (found.manifests.empty()) {
    return {"engines", Verdict::kFailed, "there are none: no job can run",
            "put one into a folder that `engines` of config.toml names; engines/README.md tells how"};
  }
  std::string names;
  for (const auto& manifest : found.manifests) {
    const std::string program = engine::program_of(manifest);
    if (!can_be_started(program)) {
      const std::string manifest_file = (manifest.folder / "engine.toml").native();
      std::error_code failure;
      if (program.find('/') != std::string::npos && std::filesystem::exists(program, failure)) {
        return {"engines", Verdict::kFailed, manifest.name + " cannot be started: " + program + " may not be executed",
                "chmod +x " + program + ", or correct `command` in " + manifest_file};
      }
      return {"engines", Verdict::kFailed, manifest.name + " cannot be started: there is no program " + program,
              "install it, or correct `command` in " + manifest_file};
    }
    names += (names.empty() ? "" : ", ") + manifest.name;
  }
  return {"engines", Verdict::kFine, names, ""};
}

Finding look_at_cards() {
  const auto cards = machine::make_sensors()->probe_gpus();
  std::string names;
  for (const auto& card : cards) {
    names += (names.empty() ? "" : ", ") + base::log::printable(card.name.empty() ? "a card" : card.name);
    if (card.total) names += " (" + gib(*card.total) + ")";
  }
  if (cards.empty()) return {"cards", Verdict::kFine, "none found: vram_threshold_gb alone bounds jobs", ""};
  if (job::total_memory(cards)) return {"cards", Verdict::kFine, names, ""};
  return {"cards", Verdict::kWarning, names + ", of unknown size: vram_threshold_gb alone bounds jobs",
          "install the driver's management library (libnvidia-ml.so.1)"};
}

}  // namespace cli::doctor
