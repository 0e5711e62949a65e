#pragma once
// The parts of a sweep. Each adds what it finds.

#include <string_view>
#include <vector>

#include "policy/sweep/sweep.h"

namespace policy::sweep {

using Warnings = std::vector<Warning>;

/// accept_during that does not open, or not for long enough; dates of the past; names that nothing uses.
void search_hours(rules::RuleSet& rules, const SourceFiles& files, base::WallTime now, Warnings& found);
/// Entries that an earlier one hides, and bounds that do nothing or decline everything.
void search_games(rules::RuleSet& rules, const Surroundings& around, Warnings& found);
/// Pauses that always hold, or never.
void search_pauses(rules::RuleSet& rules, base::WallTime now, Warnings& found);
/// Bounds that another one is always below.
void search_memory(rules::RuleSet& rules, const Surroundings& around, Warnings& found);
/// Entries that no record reaches.
void search_logs(const rules::RuleSet& rules, Warnings& found);

/// Whether every text that `inner` matches is matched by `outer`, both patterns with `*`.
bool includes(std::string_view outer, std::string_view inner);
/// The first of the patterns that includes it; empty for none.
std::string_view including(const std::vector<std::string>& patterns, std::string_view inner);

std::string in_quotes(std::string_view text);
/// " at 20-games.lua:3".
std::string at(const rules::Place& place);

}  // namespace policy::sweep
