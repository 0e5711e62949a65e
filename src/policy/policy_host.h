#pragma once
// PolicyHost: the operator's Lua policies, evaluated in the studio-policy-host child. Thread: io.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "job/decision.h"
#include "job/machine_facts.h"
#include "job/offer.h"
#include "policy/pause/keeper.h"
#include "policy/shadow_report.h"

namespace policy {

namespace asio = boost::asio;

namespace logs {
class LogRouter;
}  // namespace logs

struct PolicyOptions {
  std::filesystem::path path;                             // file or folder; empty = no policy: everything is accepted
  std::filesystem::path host_program;                     // studio-policy-host
  base::Duration quiet = std::chrono::milliseconds(200);  // after the last change of the folder, before a reload
  std::optional<base::Duration> look;  // the files are read this often anyway; none = by the file system they are on
  base::Duration soft_limit = std::chrono::milliseconds(50);   // a hook is stopped
  base::Duration hard_limit = std::chrono::milliseconds(250);  // the child is killed
  base::Bytes memory_limit = 32 * base::kMiB;
  std::vector<job::GpuFacts> cards;       // of this machine, for bounds of some of them
  bool explain = false;                   // fill Decision::trace
  std::filesystem::path data;             // where generations and decisions are kept; empty = nowhere
  asio::any_io_executor disk;             // writes there; none = the host's own executor
  std::shared_ptr<logs::LogRouter> logs;  // told where records go; nullptr: they are not routed
};

struct PolicyStatus {
  std::uint64_t generation = 0;  // of the active policy; 0 = none. Goes on over restarts
  std::string hash;              // of its files
  std::string since;             // why it decides: "saved", "found at start", "rollback"
  std::vector<std::string> files;
  std::string error;                      // of the last rejected save: file:line: text; empty when the newest is active
  std::string held;                       // why a save waits for `promote`; empty when none does
  std::uint64_t rejected = 0;             // the number that save, or the held one, would have got
  std::string disk_error;                 // why the policy in force or decisions are not kept on disk
  std::uint64_t unrecorded = 0;           // decisions that are in no record, because the disk could not take them
  bool safe_mode = false;                 // a policy is configured and none could be loaded: nothing is claimed
  std::uint64_t restarts = 0;             // of the child
  std::uint64_t errors = 0;               // hooks that ended in an error
  std::string shadow;                     // the path of the policy that is tried beside it; empty when none is
  std::vector<std::string> log_problems;  // log files that take no lines, and why
};

/// What the policy allows of the machine's GPU memory.
struct VramLimit {
  std::optional<base::Bytes> bytes;  // nothing = it says nothing
  std::string rule;                  // file:line
  base::WallTime until = base::WallTime::max();
};

class PolicyHost {
 public:
  virtual ~PolicyHost() = default;
  /// Loads the policy and starts the child and the folder watch. A broken policy is not an error: safe mode, see
  /// `status`. Errors: the child cannot be started.
  virtual asio::awaitable<base::Status> start() = 0;
  /// An offer is about to be decided: wakes the child while the frame is still being parsed.
  virtual void wake() = 0;
  /// By the declared rules in this process; the child is asked when hooks have a say left, or for a trace. Never fails:
  /// an error is a decline that says so, with file:line.
  virtual asio::awaitable<job::Decision> decide(const job::Offer& offer, const job::Facts& facts) = 0;
  /// Of the machine's cards, which the options name. Changes with `on_change` and at `until`.
  virtual VramLimit vram_limit(base::WallTime now) = 0;
  /// What `pause` has to be told.
  virtual job::SensorSet watched() const = 0;
  /// Which rules pause the worker now. Asked again when `on_change` calls, at `Pause::until`, and at least once a
  /// second while something is watched. A reload keeps how long each rule has held already.
  virtual asio::awaitable<pause::Pause> pause(const job::MachineFacts& facts, base::WallTime now) = 0;
  /// Puts a kept generation in force, the newest older one when none is named, until the policy folder changes; also
  /// over a restart. What it did, in words. Errors: kNotFound, kCorrupt, kConflict when it is in force already or
  /// came from another policy folder, and those of loading it; the active one stays then.
  virtual asio::awaitable<base::Result<std::string>> rollback(std::optional<std::uint64_t> number) = 0;
  /// Puts the save that is held in force; or, until the policy folder changes, what runs as the shadow, which ends
  /// then. `shadow`: that one, whether or not a save is held. Errors: kNotFound when there is neither, kConflict when
  /// there are both, and those of loading it.
  virtual asio::awaitable<base::Result<std::string>> promote(bool shadow) = 0;
  /// Tries another policy beside the one in force, in place of the one that is tried already. Errors: those of loading.
  virtual asio::awaitable<base::Result<std::string>> shadow(std::filesystem::path path) = 0;
  /// Errors: kNotFound when none runs.
  virtual asio::awaitable<base::Result<std::string>> stop_shadow() = 0;
  /// Nothing when none runs.
  virtual std::optional<ShadowReport> shadow_report() const = 0;
  virtual PolicyStatus status() const = 0;
  /// Called (on io) whenever the active generation or the last error changes.
  virtual void on_change(std::function<void(const PolicyStatus&)> callback) = 0;
  /// Ends the watch and the children. Requires: awaited after every successful start, before the host dies.
  virtual asio::awaitable<void> stop() = 0;
};

/// One line: "policy g40 (a91c33d0) active, g41 rejected: 20-games.lua:3: ...". Empty without a policy.
std::string summary_of(const PolicyStatus& status);

std::unique_ptr<PolicyHost> make_policy_host(asio::any_io_executor executor, base::Clock& clock, PolicyOptions options);

}  // namespace policy
