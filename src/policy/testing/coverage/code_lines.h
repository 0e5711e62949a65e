#pragma once
// CodeLines: on which lines of a policy file the code of its functions stands.

#include <memory>
#include <set>
#include <string>

struct lua_State;

namespace policy::testing {

/// Compiles in a Lua state of its own, with all libraries and the compiler's; nothing of the policy runs in it.
class CodeLines {
 public:
  CodeLines();

  /// Without the lines that run while the file loads, and without the `end` of a function. Empty for text that does not
  /// compile.
  std::set<int> of(const std::string& name, const std::string& text);

 private:
  struct Close {
    void operator()(lua_State* lua) const;
  };
  std::unique_ptr<lua_State, Close> lua_;
  int walk_ = 0;  // registry reference
};

}  // namespace policy::testing
