#pragma once
// What a policy says about logs inside a frame: its entries, and records on their way to its hooks and back.

#include <vector>

#include "policy/host/wire.h"
#include "policy/logs/log_facts.h"
#include "policy/logs/log_rule.h"

namespace policy::host {

void write_log_rules(Writer& out, const std::vector<logs::LogRule>& rules);
/// An entry that no declaration makes (a file with a folder, an unknown category) makes the frame invalid.
std::vector<logs::LogRule> read_log_rules(Reader& in);

void write_log_facts(Writer& out, const std::vector<logs::LogFacts>& records);
std::vector<logs::LogFacts> read_log_facts(Reader& in);

void write_rewritten(Writer& out, const logs::Rewritten& rewritten);
logs::Rewritten read_rewritten(Reader& in);

}  // namespace policy::host
