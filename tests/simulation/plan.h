#pragma once
// Plan: what one seed does to the worker. Each seed has its own mix of faults, so that rare pairs meet often.

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace simulation {

enum class Fault : std::uint8_t {
  kReset,        // the connection breaks; what was under way is lost
  kMute,         // the connection stays open and nothing gets through any more
  kRefuse,       // the studio cannot be reached for a while
  kClose,        // the studio closes with 1000, 1001, 1011, 1012 or 1013
  kEvict,        // the studio closes with 4003
  kGarbage,      // an unreadable frame
  kOfferTwice,   // an offer is sent two times
  kAskAgain,     // a finished job is wanted once more, later
  kRestart,      // the studio process starts anew: sockets and claims are gone
  kUploadLost,   // an upload breaks off before the studio has it
  kAnswerLost,   // the studio stored an upload and the worker never hears of it
  kUpload503,    // the studio cannot store just now
  kPortal,       // something else answers an upload with a page
  kEngineFails,  // the engine gives a failure
  kEngineSlow,   // minutes instead of seconds
  kPolicyFlips,  // the operator's policy declines for a while
  kPause,        // the operator pauses and resumes
  kTerminate,    // SIGTERM, and a new process
  kKill,         // SIGKILL at any moment
  kKillAtWrite,  // SIGKILL between two bytes of a durable write
  kPowerCut,     // what was not synced is gone or cut short
  kDiskFull,     // writes fail for a while
  kSyncFails,    // fsync fails once
  kSlowNetwork,  // hundreds of milliseconds each way
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kSlowNetwork) + 1;

std::string_view to_string(Fault fault);

/// "reset,kill"; "all" and "none" too. Errors: kInvalid with the names that there are.
base::Result<std::bitset<kFaults>> parse_faults(std::string_view list);

/// Bugs that are put in on purpose, to show that the simulation finds their kind.
enum class Plant : std::uint8_t { kNone, kLostResult, kDoubleDelivery, kLeakedLease, kTwoJobs, kLostHeartbeat, kStorm };
inline constexpr std::array kPlants = {Plant::kLostResult, Plant::kDoubleDelivery, Plant::kLeakedLease,
                                       Plant::kTwoJobs,    Plant::kLostHeartbeat,  Plant::kStorm};
std::string_view to_string(Plant plant);

struct Plan {
  std::uint64_t seed = 1;
  base::Duration length = std::chrono::hours(1);
  std::bitset<kFaults> faults;
  base::Bytes rotate_bytes = 24 * base::kKiB;  // of the journal
  Plant plant = Plant::kNone;

  bool has(Fault fault) const { return faults.test(static_cast<std::size_t>(fault)); }
};

/// The seed's own half of `allowed`.
Plan make_plan(std::uint64_t seed, std::bitset<kFaults> allowed);

}  // namespace simulation
