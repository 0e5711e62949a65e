#pragma once
// ShadowReport: what a policy that is tried beside the one in force would have done. Pure.

#include <cstdint>
#include <filesystem>
#include <string>

#include "policy/records/tally.h"

namespace policy {

struct ShadowReport {
  std::filesystem::path path;
  std::string hash;            // of the files that decide
  std::string error;           // of the last save, which does not; empty when the newest one decides
  base::WallTime since;        // of the files that decide, and of the counts
  std::uint64_t dropped = 0;   // offers that came while too many waited
  std::uint64_t restarts = 0;  // of the child
  records::TallyReport tally;
};

}  // namespace policy
