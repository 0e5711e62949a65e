#pragma once
// Describe: a policy in sentences that someone who writes no Lua can sign off. Pure.

#include <string>
#include <vector>

#include "policy/policy_runtime.h"
#include "policy/rules/rule_set.h"

namespace policy {

/// One statement and where the operator wrote it; "" for what follows from nothing being written.
struct Sentence {
  std::string about;  // "hours", "games", "pauses", "memory", "logs", "hooks"
  std::string text;
  std::string rule;
};

std::vector<Sentence> describe(const PolicyRuntime& runtime);

/// "every day 22:00-07:00", "mon-fri 09:00-19:00", "from fri 20:00 to mon 07:00", "sat all day", "22:00 for 9h".
std::string describe(const rules::Window& window);
/// "2026-12-24 .. 2027-01-02, 2027-03-01".
std::string describe(const rules::DateSet& dates);
using rules::format_span;

/// One line for each sentence, its place before it.
std::string to_text(const std::vector<Sentence>& sentences);

}  // namespace policy
