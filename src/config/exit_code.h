#pragma once
// The exit codes of studio-worker, as documented in README.md.

namespace config {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitNotRunning = 3,
  kExitNotAuthorised = 4,
  kExitDuplicate = 5,         // another worker uses this identity
  kExitUnreachable = 69,      // the studio, for good
  kExitOperatingSystem = 71,  // a folder, a socket or a program of ours
  kExitLocked = 75,           // another worker holds this configuration
  kExitConfiguration = 78,
  kExitInterrupted = 130,  // a second signal
};

}  // namespace config
