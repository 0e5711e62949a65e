#pragma once
// Trial: one running test of a policy: a stage of its own, what happens on it, and what has to hold.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job/offer.h"
#include "policy/logs/log_table.h"
#include "policy/rehearsal/stage.h"
#include "policy/testing/coverage/seen.h"
#include "policy/testing/report.h"

namespace policy::testing {

/// What a test offers.
struct Offered {
  job::Offer offer;
  job::Facts known;  // of it
};

/// Where a test expects a log record, and what is to be in it then.
struct ExpectedLog {
  std::vector<std::string> sinks;
  /// A fact by its name; nothing = it has to be gone.
  std::vector<std::pair<std::string, std::optional<std::string>>> facts;
};

class Trial {
 public:
  /// Starts on Tuesday 2026-03-24, 12:00 in the policy's zone, on a machine that nobody uses. `seen`: may be nullptr.
  Trial(PolicyRuntime& policy, Seen* seen);

  rehearsal::Stage& stage() { return stage_; }
  template <class Change>
  void change(Change&& change) {
    auto facts = stage_.facts();
    change(facts);
    stage_.set_facts(std::move(facts));
  }

  // Errors of these: kConflict, what was expected and what is.
  base::Status accepts(const Offered& offered);
  base::Status declines(const Offered& offered, const std::string& part_of_reason);
  base::Status paused(const std::string& part_of_title);
  base::Status running();
  base::Status bounded(std::optional<base::Bytes> bytes);
  base::Status logged(const logs::LogFacts& record, const ExpectedLog& expected);

  /// The first one stays.
  void fail(std::string place, std::string text);
  std::optional<Failure> take_failure() { return std::move(failure_); }

 private:
  job::Decision decide(const Offered& offered);
  base::Status functions_are_well();
  void note(const std::string& place) {
    if (seen_ != nullptr && !place.empty()) seen_->places.insert(place);
  }
  void note_windows();
  void note_pauses();
  base::Result<std::vector<std::string>> route(const base::log::Record& record);

  PolicyRuntime& policy_;
  Seen* seen_;
  rehearsal::Stage stage_;
  logs::LogTable log_table_;
  std::vector<job::TraceLine> trace_;  // of the last decision
  std::string policy_error_;           // of the last decision
  std::optional<Failure> failure_;
};

}  // namespace policy::testing
