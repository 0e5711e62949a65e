#pragma once
// Sweep: what a policy declares and can never do what it says. Everything it finds may be meant, so nothing of it keeps
// a policy from coming into force. Pure; takes milliseconds for a year of windows.

#include <string>
#include <vector>

#include "base/clock.h"
#include "job/machine_facts.h"
#include "policy/rules/place.h"
#include "policy/rules/rule_set.h"
#include "policy/source_files.h"

namespace policy::sweep {

/// How far ahead it looks.
constexpr std::chrono::days kHorizon{366};

struct Warning {
  rules::Place place;          // not known: of the whole policy
  std::string text;            // not escaped
  bool never_accepts = false;  // because of it no job is accepted at all
};

/// "10-night.lua:7: ...", for a terminal.
std::string to_line(const Warning& warning);

struct Surroundings {
  base::WallTime now;
  std::vector<job::GpuFacts> cards = {};  // of this machine, as far as they are known
};

/// In the order of their places. `files`: the text of the policy, for the names that its hooks use.
std::vector<Warning> sweep(rules::RuleSet rules, const SourceFiles& files, const Surroundings& around);

}  // namespace policy::sweep
