#pragma once
// Poll: collects the votes of all rules on one offer. Any no beats every yes, and the first no gives the reason.

#include <string>

#include "job/decision.h"
#include "job/offer.h"
#include "policy/rules/place.h"
#include "policy/rules/rule_set.h"

namespace policy::rules {

class Poll {
 public:
  /// With `explain` every rule is asked and leaves lines of trace; otherwise the first no ends it.
  explicit Poll(bool explain) : explain_(explain) { decision_.accepted = true; }

  bool explains() const { return explain_; }
  /// Whether the next rule needs to be asked.
  bool open() const { return explain_ || decision_.accepted; }

  /// The votes of what is declared.
  void ask(RuleSet& rules, const job::Offer& offer, const job::Facts& facts);

  void decline(job::RejectCode code, std::string reason, const Place& place);
  /// This rule is named as the one that accepted, unless another one objects.
  void accept(const Place& place);
  void trace(job::Vote vote, const Place& place, std::string text);

  job::Decision take() { return std::move(decision_); }

 private:
  void add(Ballot ballot);
  void skip_games(const std::vector<GameRule>& games, const GameRule* applies, bool before);
  void set_plan(const GameRule& rule);

  bool explain_;
  job::Decision decision_;
};

}  // namespace policy::rules
