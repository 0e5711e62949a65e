#pragma once
// What hooks of `pause` and `budget` get and give: facts of the machine and of a card in, a pause or a bound out.

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "job/machine_facts.h"
#include "policy/lua/api.h"
#include "policy/pause/pause_rule.h"

namespace policy::lua {

/// What one hook came to; no opinion when all is empty.
struct SenseResult {
  std::optional<Failure> failure;
  std::optional<Verdict> pause;
  std::optional<base::Bytes> bound;
  std::string reason;  // of the bound
  std::uint64_t instructions = 0;
};

/// Makes these the facts that the hooks of `pause` get.
std::optional<Failure> begin_sense(State& state, Api& api, const job::MachineFacts& facts, base::WallTime now);
/// Asks one hook of `pause`. Requires: begin_sense.
SenseResult ask_pause(State& state, Api& api, std::size_t hook, const Budget& budget);
/// Asks one hook of `budget` about the card at this place of the list. Requires: begin_sense.
SenseResult ask_budget(State& state, Api& api, std::size_t hook, std::size_t card, const Budget& budget);

}  // namespace policy::lua
