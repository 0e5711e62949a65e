#pragma once
// The declared rules inside a frame: the child loads them, the daemon decides by them.

#include "policy/host/wire.h"
#include "policy/rules/rule_set.h"

namespace policy::host {

void write_rules(Writer& out, const rules::RuleSet& rules);
/// What cannot be meant (an unknown zone, a window that never ends) makes the frame invalid. The zone's database is
/// read only for rules that have windows or dates.
rules::RuleSet read_rules(Reader& in);

void write_place(Writer& out, const rules::Place& place);
rules::Place read_place(Reader& in);

}  // namespace policy::host
