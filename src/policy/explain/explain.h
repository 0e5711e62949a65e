#pragma once
// Explain: a verdict on one offer, rule by rule, with what pauses the worker and what bounds its memory. No child.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/decision.h"
#include "job/machine_facts.h"
#include "job/offer.h"
#include "policy/pause/keeper.h"
#include "policy/policy_runtime.h"

namespace policy {

/// What decides beside the policy: the operator, a config key, the engines.
struct Objection {
  std::string rule;
  std::string reason;
  job::RejectCode code = job::RejectCode::kPaused;
};

struct House {
  std::vector<Objection> before_pauses;  // the worker asks these first,
  std::vector<Objection> before_rules;   // and these between the policy's pauses and its rules
  std::optional<base::Bytes> memory;     // what jobs may use at most, whatever the policy says
  std::string memory_rule;
};

/// What jobs may use of the cards together.
struct Budget {
  std::optional<base::Bytes> bytes;  // nothing = not bounded, or not known
  std::string rule;                  // file:line
  bool declared = false;             // the policy has something to say about memory
  bool exact = true;                 // false: a function was not asked, and may say less
};

struct Explanation {
  job::Decision decision;               // with the full trace
  std::string error;                    // of a hook that failed
  std::string local_time;               // of the decision, with the zone
  std::vector<pause::Held> pauses;      // what pauses the worker, the strongest first
  std::vector<std::string> unmeasured;  // what would have to be known to say whether it pauses
  Budget budget;
  std::string near_miss;  // the one change that would accept what is declined; empty where none is known
  std::string policy;     // "policy g41 (a91c33d0)": set by who knows it
  std::uint64_t instructions = 0;
  base::Duration took{};
};

/// Decides as the daemon would: the house, pauses, rules and functions, then memory. `facts.gpus` are the cards;
/// `machine` is what the sensors say now, nothing when that is not known of the time that is asked about: then only
/// what windows alone decide pauses.
Explanation explain(PolicyRuntime& runtime, const job::Offer& offer, const job::Facts& facts,
                    const std::optional<job::MachineFacts>& machine = std::nullopt, const House& house = {});

/// A trace for a terminal, each line behind `indent`.
std::string to_text(const std::vector<job::TraceLine>& trace, std::string_view indent);
/// The explanation as text for a terminal: one line for the offer, one for each rule, one for the verdict.
std::string to_text(const job::Offer& offer, const job::Facts& facts, const Explanation& explanation);

}  // namespace policy
