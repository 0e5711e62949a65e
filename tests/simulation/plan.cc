#include "simulation/plan.h"

#include <algorithm>

#include "fakes/virtual_clock.h"

namespace simulation {
namespace {

constexpr std::array<std::string_view, kFaults> kNames = {
    "reset",       "mute",          "refuse",      "close",        "evict",       "garbage",
    "offer-twice", "ask-again",     "restart",     "upload-lost",  "answer-lost", "upload-503",
    "portal",      "engine-fails",  "engine-slow", "policy-flips", "pause",       "terminate",
    "kill",        "kill-at-write", "power-cut",   "disk-full",    "sync-fails",  "slow-network"};

}  // namespace

std::string_view to_string(Fault fault) {
  return kNames[static_cast<std::size_t>(fault)];
}

std::string_view to_string(Plant plant) {
  switch (plant) {
    case Plant::kNone:
      return "none";
    case Plant::kLostResult:
      return "lost-result";
    case Plant::kDoubleDelivery:
      return "double-delivery";
    case Plant::kLeakedLease:
      return "leaked-lease";
    case Plant::kTwoJobs:
      return "two-jobs";
    case Plant::kLostHeartbeat:
      return "lost-heartbeat";
    case Plant::kStorm:
      return "storm";
  }
  return "";
}

base::Result<std::bitset<kFaults>> parse_faults(std::string_view list) {
  std::bitset<kFaults> faults;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (name == "all") {
      faults.set();
    } else if (found != kNames.end()) {
      faults.set(static_cast<std::size_t>(found - kNames.begin()));
    } else if (name != "none") {
      std::string known;
      for (const auto& one : kNames) known += " " + std::string(one);
      return base::Error{base::Code::kInvalid, "no fault is named \"" + std::string(name) + "\"; there are:" + known};
    }
  }
  return faults;
}

Plan make_plan(std::uint64_t seed, std::bitset<kFaults> allowed) {
  Plan plan;
  plan.seed = seed;
  // So short that starts write the journal anew, too.
  if (seed % 8 == 0) plan.rotate_bytes = 4 * base::kKiB;
  fakes::SeededRandom random(seed * 0x9E3779B97F4A7C15ULL + 1);
  // Some seeds have one fault, some have most of them.
  const std::uint64_t share = 1 + random.below(4);
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (allowed.test(i) && random.below(4) < share) plan.faults.set(i);
  }
  return plan;
}

}  // namespace simulation
