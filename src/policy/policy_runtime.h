#pragma once
// PolicyRuntime: one loaded policy that decides offers, in this process. No file, no clock but the one given.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job/decision.h"
#include "job/offer.h"
#include "policy/hook_event.h"
#include "policy/logs/log_facts.h"
#include "policy/pause/keeper.h"
#include "policy/source_files.h"

namespace policy {

namespace rules {
struct RuleSet;
class Poll;
}  // namespace rules

struct RuntimeOptions {
  base::Bytes memory = 32 * base::kMiB;
  std::uint64_t instructions = 1'000'000;  // of one hook; loading may use kLoadFactor times as many
  base::Duration time = std::chrono::milliseconds(50);
};

/// Loading runs once and compiles; it gets this much more of instructions and time than a hook.
constexpr std::uint64_t kLoadFactor = 20;

/// A decision with what only the operator's side wants to know.
struct Verdict {
  job::Decision decision;
  std::string error;               // of a hook that failed: "20-games.lua:8: attempt to compare nil with number"
  std::uint64_t instructions = 0;  // of the hooks; exact when an explanation was asked for
};

/// An upper bound of one card's memory for jobs.
struct CardBound {
  std::uint32_t card = 0;  // its index
  base::Bytes bytes = 0;
  std::string reason;
  std::string rule;  // file:line
  bool operator==(const CardBound&) const = default;
};

/// What the hooks of `pause` and `budget` said of one reading of the sensors.
struct Sensed {
  std::vector<pause::Held> pauses;
  std::vector<CardBound> bounds;
  bool bounds_failed = false;  // a hook of `budget` did not come to an answer
  std::string error;           // of the first hook that failed
};

/// What the functions of a policy did while somebody watched.
struct Footprint {
  std::set<std::string> hooks;                  // file:line of those that had something to say
  std::set<std::pair<std::string, int>> lines;  // that ran
};

/// Test files among the sources are kept and take no part.
class PolicyRuntime {
 public:
  /// Errors: kInvalid with one "file:line: text" a line of the message, one for each file that is wrong.
  static base::Result<std::unique_ptr<PolicyRuntime>> load(SourceFiles files, RuntimeOptions options = {});
  ~PolicyRuntime();
  PolicyRuntime(const PolicyRuntime&) = delete;
  PolicyRuntime& operator=(const PolicyRuntime&) = delete;

  /// Never fails: a hook's error declines the offer. With `explain` every rule is asked and leaves a line of trace,
  /// otherwise the first no ends it.
  Verdict decide(const job::Offer& offer, const job::Facts& facts, bool explain = false);

  /// Asks the hooks of `pause` and `budget`. Never fails: an error in the first pauses, with `finish`.
  Sensed sense(const job::MachineFacts& facts, base::WallTime now);
  /// What the log hooks make of records, one after the other. Ends early, but not before the first, when they took as
  /// long as one hook may.
  logs::Rewritten rewrite(const std::vector<logs::LogFacts>& records, base::WallTime now);

  /// After a hook broke a limit its Lua state is not to be trusted. The next `decide` builds a new one; this does it
  /// now, when nobody waits.
  void recover();

  /// From now on the functions leave their footprint, which is slow. Requires: `footprint` outlives this.
  void watch(Footprint& footprint);

  struct HookPlace {
    HookEvent event = HookEvent::kOffer;
    std::string place;  // "20-games.lua:6"
  };
  struct Summary {
    std::vector<std::string> files;
    std::string zone;
    std::size_t windows = 0;
    std::size_t dates = 0;  // sets of days
    std::size_t games = 0;
    std::vector<HookPlace> hooks;
    bool always_open = true;  // no accept_during
  };
  Summary summary() const;
  const rules::RuleSet& rules() const;
  const SourceFiles& sources() const { return files_; }
  /// What each function does, as a text that is the same for the same function; see lua/identity.
  struct HookCode {
    HookPlace at;
    std::string text;
  };
  std::vector<HookCode> hook_code() const;
  PerEvent<bool> has_hooks() const;
  /// "tue 2026-03-24 22:00 Europe/Berlin".
  std::string local_time(base::WallTime when) const;

 private:
  struct Loaded;
  PolicyRuntime(SourceFiles files, RuntimeOptions options);
  base::Status build();
  void spoke(const rules::Place& place);
  void ask_pause_hooks(Sensed& sensed);
  void ask_budget_hooks(const std::vector<job::GpuFacts>& gpus, Sensed& sensed);
  void ask_hooks(const job::Offer& offer, const job::Facts& facts, rules::Poll& poll, Verdict& verdict);

  SourceFiles files_;
  RuntimeOptions options_;
  std::unique_ptr<Loaded> loaded_;
  Footprint* footprint_ = nullptr;
  bool spoiled_ = false;
};

}  // namespace policy
