#pragma once
// The tables of a test: an offer, jobs that were done, a card, a log record; strictly read, with defaults.

#include <string>

#include <lua.hpp>

#include "base/result.h"
#include "job/machine_facts.h"
#include "job/usage.h"
#include "policy/logs/log_facts.h"
#include "policy/testing/trial.h"

namespace policy::testing {

/// `what` names the method in messages. Errors of all: kInvalid, with the nearest name.
base::Result<Offered> read_offer(lua_State* lua, int index, const std::string& what);

struct Done {
  std::string game;
  job::Used used;
};
base::Result<Done> read_done(lua_State* lua, int index, const std::string& what);

/// Changes the card that the table names, the first one without `index`; a card that is not there is added.
base::Status read_card(lua_State* lua, int index, const std::string& what, std::vector<job::GpuFacts>& cards);

base::Status read_machine(lua_State* lua, int index, const std::string& what, job::MachineFacts& facts);

base::Result<logs::LogFacts> read_record(lua_State* lua, int index, const std::string& what);
base::Result<ExpectedLog> read_expected(lua_State* lua, int index, const std::string& what);

}  // namespace policy::testing
