#pragma once
// State: one LuaJIT state that may be handed hostile code: memory cap, instruction budget, deadline. One thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <lua.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "policy/rules/place.h"

namespace policy::lua {

class Api;

/// What one call may use.
struct Budget {
  std::uint64_t instructions = 1'000'000;
  base::Duration time = std::chrono::milliseconds(50);
  bool exact = false;  // count every instruction instead of blocks of a thousand; slower, for explanations
};

struct Failure {
  std::string text;    // without a place
  rules::Place place;  // of the innermost line of a policy file; unknown when none was running
  bool spent = false;  // a limit stopped it: the state must be thrown away
};

/// Lines of policy files, by file and number.
using LineSet = std::set<std::pair<std::string, int>>;

/// The JIT compiler is off: compiled loops would not see the count hook.
class State {
 public:
  /// nullptr when there is no memory for it.
  static std::unique_ptr<State> create(base::Bytes memory_limit);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// The State of a running C function.
  static State& of(lua_State* lua);

  lua_State* raw() { return lua_; }

  /// Calls the function below `arguments` on the stack. On failure the stack holds no results.
  std::optional<Failure> call(int arguments, int results, const Budget& budget);
  /// The same for code of ours that needs no budget: an error in it can only be lack of memory.
  std::optional<Failure> protect(int (*function)(lua_State*), void* argument);

  /// Compiles text, never bytecode, and pushes the function. `file` becomes the place in messages.
  std::optional<Failure> compile(std::string_view file, std::string_view text);

  /// Counts work done inside a C function against the budget. False when that used it up: the caller ends its work, and
  /// is stopped at its next instruction.
  bool charge(std::uint64_t instructions);
  /// Inside a call: what follows has the budget's instructions for itself. The time goes on.
  void next_function() { spent_before_ += std::exchange(used_, 0); }
  /// Instructions that the last `call` used.
  std::uint64_t used() const { return spent_before_ + used_; }
  base::Bytes memory() const { return memory_; }

  /// Lines that run from now on are added, which is slow; nullptr ends it. Requires: `lines` outlives that.
  void watch_lines(LineSet* lines) { lines_ = lines; }

  void seed_random(std::uint64_t seed) { random_ = seed; }
  /// In [0, 1).
  double next_random();

  /// A pcall begins. Gives how many are open with this one; nothing when that are too many.
  std::optional<int> enter_pcall();
  /// The pcall that `enter_pcall` gave this number for has ended. `error`: its text if it has one. False when no pcall
  /// may hide it.
  bool leave_pcall(int number, bool failed, const char* error);

  /// The innermost line of a policy file that is running; unknown inside a tail call.
  static rules::Place running_line(lua_State* lua);

  Api* api = nullptr;  // what the C functions of `worker` work on; owned by nobody here

 private:
  State() = default;
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void on_count(lua_State* lua, lua_Debug* activation);
  static int on_error(lua_State* lua);
  void hook_each(int instructions);
  void count(std::uint64_t instructions);
  void stop(std::string_view why);
  void note_large_block(std::size_t size);
  std::optional<Failure> finish(int status, int base);
  void begin(const Budget& budget);
  int interval() const;

  lua_State* lua_ = nullptr;
  LineSet* lines_ = nullptr;
  base::Bytes memory_ = 0;
  base::Bytes limit_ = 0;
  Budget budget_;
  std::chrono::steady_clock::time_point deadline_{};
  std::uint64_t used_ = 0;
  std::uint64_t spent_before_ = 0;
  std::uint64_t unchecked_ = 0;  // instructions since the clock was read
  std::uint64_t random_ = 0;
  int open_pcalls_ = 0;
  bool large_ = false;        // there was a large block: a single instruction may take long
  std::string_view stopped_;  // why; empty while within the limits. Points to a literal
  std::string text_;          // of the error that is being raised
  rules::Place place_;
};

/// Raises a Lua error with this text at the running line. The caller must hold nothing that needs a destructor.
[[noreturn]] void raise(lua_State* lua, const char* text);

}  // namespace policy::lua
