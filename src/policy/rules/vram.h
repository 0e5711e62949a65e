#pragma once
// VramRule: one upper bound of the GPU memory that jobs may use together. Every entry is a bound; the smallest counts.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "policy/rules/place.h"

namespace policy::rules {

struct VramRule {
  Place place;
  std::optional<base::Bytes> keep_free;
  std::optional<base::Bytes> at_most;
  std::optional<unsigned> at_most_percent;  // of what the machine has, 1 to 100
  std::string during;                       // window or dates; empty = always
};

/// What the entries come to at one moment.
struct VramBound {
  std::optional<base::Bytes> bytes;              // nothing = no entry bounds it now
  Place place;                                   // of the entry that does
  base::WallTime until = base::WallTime::max();  // until then no window of an entry begins or ends
};

/// What the entry allows of `total`; nothing when it says nothing without a known total.
std::optional<base::Bytes> allowed(const VramRule& rule, std::optional<base::Bytes> total);

}  // namespace policy::rules
