#pragma once
// Decision: the verdict on an offer, with its reason and the rule that gave it. And Facts: what it may be based on.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/kind.h"
#include "job/machine_facts.h"

namespace job {

class Usage;

struct Facts {
  base::WallTime now;
  std::vector<GpuFacts> gpus;
  std::optional<base::Duration> est_time = std::nullopt;  // of the offer, by this worker's own history
  std::optional<bool> cached = std::nullopt;              // all files of its model are here
  std::optional<base::Bytes> download = std::nullopt;     // the others together
  const Usage* usage = nullptr;                           // borrowed; nullptr = unknown
};

/// How an accepted job is to run.
struct Plan {
  std::optional<base::Bytes> max_vram;
  std::optional<base::Duration> max_time;
};

enum class Vote : std::uint8_t { kPass, kDecline, kAccept, kNoOpinion, kSkipped };
std::string_view to_string(Vote vote);

/// One rule's part in a verdict, for `explain`.
struct TraceLine {
  Vote vote = Vote::kPass;
  std::string rule;  // file:line, or a key of config.toml
  std::string text;
};

struct Decision {
  bool accepted = false;
  Plan plan;                            // when accepted
  RejectCode code = RejectCode::kNone;  // when declined
  std::string reason;                   // when declined: goes to the studio, never holds a path
  std::string rule;                     // file:line of the deciding rule; for the operator only
  std::uint64_t generation = 0;         // of the policy that decided
  std::vector<TraceLine> trace;         // filled only when an explanation was asked for
};

}  // namespace job
