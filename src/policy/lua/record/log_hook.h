#pragma once
// The log hooks: functions of the policy that get a private copy of a log record and may change it.

#include <lua.hpp>

#include "base/result.h"
#include "policy/logs/log_facts.h"
#include "policy/lua/api.h"

namespace policy::lua {

/// Creates the record that the hooks see; fills the references of `api`.
void add_record(lua_State* lua, Api& api);

/// Runs all log hooks on the record, one after the other. On failure the record is to be taken as it was.
struct LogHookResult {
  std::optional<Failure> failure;
  logs::LogFacts record;
};
LogHookResult run_log_hooks(State& state, Api& api, const logs::LogFacts& record, base::WallTime now,
                            const Budget& budget);

}  // namespace policy::lua
