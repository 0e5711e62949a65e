#pragma once
// Seen: what a policy did while its tests ran, for their coverage.

#include <set>
#include <string>
#include <utility>

#include "policy/policy_runtime.h"

namespace policy::testing {

struct Seen {
  std::set<std::string> places;  // file:line of the declarations that had a part in something that a test looked at
  Footprint footprint;           // of the functions

  void add(const Seen& more) {
    places.insert(more.places.begin(), more.places.end());
    footprint.hooks.insert(more.footprint.hooks.begin(), more.footprint.hooks.end());
    footprint.lines.insert(more.footprint.lines.begin(), more.footprint.lines.end());
  }
};

}  // namespace policy::testing
