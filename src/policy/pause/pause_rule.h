#pragma once
// PauseRule: what `worker.pause_when` declares. All of an entry's conditions must hold for it to pause; any entry that
// holds pauses the worker, and the strongest action counts.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/machine_facts.h"
#include "policy/hook_event.h"
#include "policy/rules/place.h"

namespace policy::pause {

/// The larger one is the stronger one.
enum class Action : std::uint8_t {
  kFinish,   // no new job; the running one goes on
  kSuspend,  // the engine's processes stand still and keep their memory
  kReturn    // the running job goes back to the studio, the engine ends
};
std::string_view to_string(Action action);
std::optional<Action> parse_action(std::string_view name);

/// Other people's programs on a card.
struct ForeignGpu {
  base::Bytes min_vram = 0;         // together, without the ignored ones
  std::vector<std::string> ignore;  // patterns
  bool operator==(const ForeignGpu&) const = default;
};

struct PauseRule {
  std::string title;
  rules::Place place;
  std::vector<std::string> apps;  // patterns; any of them
  std::optional<ForeignGpu> foreign_gpu;
  std::optional<base::Duration> user_active_within;
  std::optional<bool> on_battery;
  std::optional<double> hotter_than;  // °C, any card
  std::vector<std::string> during;    // windows or dates, any of them; empty = always
  std::vector<std::string> unless;
  std::vector<std::uint32_t> gpus;  // the cards that foreign_gpu and hotter_than look at; empty = all
  Action action = Action::kFinish;
  bool release_vram = false;  // engines that do not run a job end, so that their memory comes back
  base::Duration start_after{};
  base::Duration resume_after{};
  bool pause_if_unknown = true;

  /// `suspend` cannot give memory back: it is then `return`.
  Action effective() const { return action == Action::kSuspend && release_vram ? Action::kReturn : action; }
};

/// What has to be measured for these rules, and for hooks of `pause` and `budget` where there are some.
job::SensorSet sensors_for(const std::vector<PauseRule>& rules, const PerEvent<bool>& has_hooks = {});

}  // namespace policy::pause
