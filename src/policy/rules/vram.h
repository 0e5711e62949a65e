#pragma once
// VramRule: one upper bound of the GPU memory that jobs may use together. Every entry is a bound; the smallest counts.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/machine_facts.h"
#include "policy/rules/place.h"

namespace policy::rules {

struct VramRule {
  Place place;
  std::optional<base::Bytes> keep_free;
  std::optional<base::Bytes> at_most;
  std::optional<unsigned> at_most_percent;  // of what the cards have, 1 to 100
  std::string during;                       // window or dates; empty = always
  std::vector<std::uint32_t> gpus;          // the cards that it bounds, together; empty = all
};

/// What the entries come to at one moment.
struct VramBound {
  std::optional<base::Bytes> bytes;              // nothing = no entry bounds it now
  Place place;                                   // of the entry that does
  base::WallTime until = base::WallTime::max();  // until then no window of an entry begins or ends
};

/// What the entry allows of `total`, of all cards; nothing when it says nothing without a known total. `cards` is for
/// an entry that names some: the others count with all they have, and one of unknown size leaves it without a say.
std::optional<base::Bytes> allowed(const VramRule& rule, std::optional<base::Bytes> total,
                                   std::span<const job::GpuFacts> cards = {});

}  // namespace policy::rules
