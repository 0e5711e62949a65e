#pragma once
// Ledger: what is promised on this machine. Pure arithmetic; a Lease gives its part back when it dies. Thread: io.

#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "base/ids.h"
#include "job/kind.h"

namespace admission {

struct AdmissionOptions {
  std::size_t max_jobs = 1;
  double vram_threshold_gb = 12.0;        // GiB; the operator's bound
  std::optional<base::Bytes> vram_total;  // what the machine has; unknown = only the threshold counts
};

struct Refusal {
  job::RejectCode code = job::RejectCode::kNone;
  std::string reason;  // for the studio
  std::string rule;    // what decided, for the operator: a config key, or the machine itself
};

class Ledger;

/// One running job's slot and memory. Move-only. Requires: the Ledger outlives it.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();
  explicit operator bool() const { return ledger_ != nullptr; }
  void release();

 private:
  friend class Ledger;
  Lease(Ledger* ledger, base::JobId job) : ledger_(ledger), job_(std::move(job)) {}
  Ledger* ledger_ = nullptr;
  base::JobId job_;
};

class Ledger {
 public:
  explicit Ledger(AdmissionOptions options) : options_(options) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Refuses with kNone what never fits here, with kBusy when every slot is taken or the job already runs, with
  /// kInsufficientMemory what does not fit beside the running jobs; in this order.
  std::variant<Lease, Refusal> reserve(const base::JobId& job, base::Bytes vram);

  /// Running jobs keep what they were promised; a lower bound counts for the next one.
  void set_threshold(double gb) { options_.vram_threshold_gb = gb; }
  /// The policy's bound, which may be another one later: what exceeds this one alone is refused with
  /// kInsufficientMemory. `rule` names who set it.
  void set_policy_bound(std::optional<base::Bytes> bytes, std::string rule);
  /// What is left of the machine's memory while a card is gone: what exceeds this alone is refused with
  /// kInsufficientMemory. `rule` says which.
  void set_lost_cards(std::optional<base::Bytes> left, std::string rule);
  std::size_t running() const { return promises_.size(); }
  base::Bytes promised() const { return promised_; }
  /// The bound that counts: the smallest of threshold, total, policy, and what lost cards leave.
  base::Bytes bound() const;
  /// Names what sets it.
  std::string bound_rule() const;
  /// What the studio is told: the same without the total, which it is told beside it.
  double told_bound_gb() const;

 private:
  friend class Lease;
  void give_back(const base::JobId& job);
  /// What no policy changes: the smaller of threshold and total.
  base::Bytes firm_bound() const;

  AdmissionOptions options_;
  std::optional<base::Bytes> policy_bound_;
  std::string policy_rule_;
  std::optional<base::Bytes> cards_bound_;  // while a card is gone
  std::string cards_rule_;
  std::unordered_map<base::JobId, base::Bytes> promises_;
  base::Bytes promised_ = 0;
};

}  // namespace admission
