#include "policy/rehearsal/dry_run.h"

#include <algorithm>
#include <cstdlib>

#include "policy/rehearsal/stage.h"

namespace policy::rehearsal {
namespace {

job::Offer ordinary_offer(job::Kind kind) {
  job::Offer offer;
  offer.id = base::JobId("job-1");
  offer.game = base::GameId("some-game");
  offer.asset = "some-game/props/lantern";
  offer.model = base::ModelId("some-model");
  offer.vram_gb = 1;
  offer.kind = kind;
  return offer;
}

/// "20-games.lua:3: text" in two.
void add(std::vector<Slip>& slips, const std::string& error, const std::string& on) {
  if (error.empty()) return;
  const auto name = error.find(':');
  const auto line = name == std::string::npos ? name : error.find(": ", name + 1);
  Slip slip{{}, "the function fails on " + on + ": " + error.substr(line == std::string::npos ? 0 : line + 2)};
  if (line != std::string::npos) {
    slip.place = {error.substr(0, name), static_cast<int>(std::strtol(error.c_str() + name + 1, nullptr, 10))};
  }
  const bool known = std::any_of(slips.begin(), slips.end(), [&](const Slip& one) { return one.place == slip.place; });
  if (!known) slips.push_back(std::move(slip));
}

}  // namespace

std::vector<Slip> dry_run(PolicyRuntime& policy, base::WallTime now) {
  std::vector<Slip> slips;
  job::Facts facts{.now = now, .cached = true, .download = 0};
  const auto machine = quiet_machine();
  facts.gpus = *machine.gpus.value;
  for (const job::Kind kind : job::kAllKinds) {
    const auto verdict = policy.decide(ordinary_offer(kind), facts, true);
    add(slips, verdict.error, "an ordinary " + std::string(job::to_string(kind)) + " offer");
  }
  const auto hooks = policy.has_hooks();
  if (hooks[HookEvent::kPause] || hooks[HookEvent::kBudget]) {
    add(slips, policy.sense(machine, now).error, "a machine that nobody uses");
  }
  if (hooks[HookEvent::kLog]) {
    add(slips, policy.rewrite({{.about = "engine", .message = "loaded"}}, now).error, "an ordinary record");
  }
  return slips;
}

}  // namespace policy::rehearsal
