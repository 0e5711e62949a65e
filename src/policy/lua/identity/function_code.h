#pragma once
// Function code: everything that what a function of a policy does depends on, as one text. Two functions with the same
// text do the same; only a change of names or of writing makes two that do the same differ.

#include <string>
#include <string_view>

#include "policy/lua/api.h"
#include "policy/lua/state.h"

namespace policy::lua {

/// The tokens of the function, and the values of the locals outside of it that it uses: functions among them with
/// theirs. Empty when Lua has no memory for it.
std::string code_of(State& state, const Api& api, int function);

}  // namespace policy::lua
