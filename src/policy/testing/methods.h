#pragma once
// Methods: what `t:...` does in a test.

#include <string_view>
#include <vector>

#include <lua.hpp>

#include "base/result.h"
#include "policy/testing/trial.h"

namespace policy::testing {

/// The arguments stand at index 2 and up. Errors go to the line of the test.
using Method = base::Status (*)(lua_State* lua, Trial& trial);

struct NamedMethod {
  const char* name;
  Method method;
};
const std::vector<NamedMethod>& methods();

}  // namespace policy::testing
