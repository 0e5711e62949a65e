#pragma once
// What `studio-worker doctor` looks at: everything that may keep this worker from serving, and what to do about it.
// Blocking; for the command line only.

#include <cstdint>
#include <string>
#include <vector>

#include "config/load.h"

namespace cli::doctor {

enum class Verdict : std::uint8_t { kFine, kWarning, kFailed };

struct Finding {
  std::string subject;
  Verdict verdict = Verdict::kFine;
  std::string says;
  std::string next;  // what to do; empty when nothing is to be done
};

Finding look_at_configuration(const config::Loaded& loaded);
Finding look_at_identity(const config::Settings& settings);
/// Can the state folder be written, and has its disk space and inodes left?
Finding look_at_state_folder(const config::Settings& settings);
/// The policy host and the transfer program, which belong beside studio-worker.
Finding look_at_programs();
Finding look_at_engines(const config::Settings& settings);
/// Loads the driver; may take seconds.
Finding look_at_cards();
/// Asks the studio for any answer at all, as an upload would reach it: DNS, TCP, TLS. At most 10 s.
Finding look_at_studio(const config::Settings& settings);
/// What the running worker says of itself: its session, its policy, its troubles.
Finding look_at_worker(const config::Settings& settings);

}  // namespace cli::doctor
