#pragma once
// Api: what `require 'worker'` gives to a policy: declarations while it loads, verdicts and helpers in its hooks.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "job/decision.h"
#include "job/offer.h"
#include "policy/hook_event.h"
#include "policy/lua/state.h"
#include "policy/pause/pause_rule.h"
#include "policy/rules/rule_set.h"

namespace policy::lua {

struct Hook {
  int function = 0;  // registry reference
  rules::Place place;
};
using Hooks = std::vector<Hook>;

struct Verdict {
  std::uint64_t id = 0;
  bool accept = false;
  std::string reason;
  rules::Place place;
  std::optional<pause::Action> pause;  // it is worker.pause
  bool release_vram = false;
};

/// What a run of hooks came to: the first that had something to say ended it.
struct HookResult {
  std::size_t hook = 0;  // the last that was asked
  std::optional<Failure> failure;
  std::optional<Verdict> verdict;
  std::vector<std::pair<std::string, rules::Place>> notes;
  std::uint64_t instructions = 0;
};

/// The half of it that C++ looks at; the C functions reach it by State::of(lua).api.
class Api {
 public:
  /// Builds the sandbox in `state` with `require` and the files that it may load. Fails only for lack of memory.
  std::optional<Failure> install(State& state, std::vector<std::pair<std::string, std::string>> files);

  /// Runs one file and what it requires, if it did not run yet.
  std::optional<Failure> load(State& state, std::string_view file, const Budget& budget);
  /// What can only be said when every file was loaded: names that do not exist, declarations without their table.
  std::vector<Failure> finish_load();

  /// Makes the offer's facts the ones that hooks see.
  std::optional<Failure> begin_offer(State& state, const job::Offer& offer, const job::Facts& facts);
  /// Asks the hooks [first, end) of `event` in order. Requires: begin_offer, and first < end.
  HookResult run(State& state, HookEvent event, std::size_t first, std::size_t end, const Budget& budget);

  rules::RuleSet rules;
  PerEvent<Hooks> hooks;

  // For the C functions.
  struct Reference {
    std::string name;
    rules::Place place;
    bool period = false;  // of a quota: a window, but no dates, or one of the calendar's
  };
  /// `worker.window 'night'` still waits for its table.
  struct Opened {
    std::string what;
    rules::Place place;
  };
  struct File {
    std::string name;
    std::string text;
    enum class Stage { kNew, kRunning, kDone } stage = Stage::kNew;
    int value = 0;  // registry reference to what it returned
  };

  bool loading = false;
  std::size_t calls = 0;       // of the API, while loading
  std::size_t kept_bytes = 0;  // of the texts that declarations keep, outside of Lua's memory
  base::WallTime now;
  const job::Usage* usage = nullptr;  // of the offer that hooks are asked about
  std::optional<Failure> refused;     // the first declaration that was refused, also when pcall hid it
  std::vector<Reference> references;
  std::vector<Opened> opened;
  std::vector<File> files;
  HookEvent running = HookEvent::kOffer;  // the event of the running hook
  std::size_t asked = 0;                  // the running hook
  std::vector<Verdict> verdicts;          // of the running hook
  std::vector<std::pair<std::string, rules::Place>> notes;
  rules::Place verdict_line;  // where worker.decline or worker.accept was last read
  std::uint64_t next_verdict = 1;
  int worker = 0;       // registry references
  PerEvent<int> views;  // what hooks get; read-only
  int offer_facts = 0;
  int record_facts = 0;
};

/// While a policy loads it may call the API this often, and declare texts of this size in all.
constexpr std::size_t kMaxCalls = 10'000;
constexpr std::size_t kMaxKeptBytes = 1024UL * 1024;

/// A C function of the API: its errors are raised at the operator's line. Gives the number of results.
using ApiFunction = base::Result<int> (*)(lua_State*, Api&);

/// Calls `function`, drops everything that needs a destructor, then raises or returns.
int call_api(lua_State* lua, ApiFunction function);
template <ApiFunction Function>
int api_entry(lua_State* lua) {
  return call_api(lua, Function);
}

/// Where the declaration that is running was written.
rules::Place declared_at(lua_State* lua, const Api& api);

/// Adds decline, accept, pause, minutes, gib, in_window, used and note to the table at the top of the stack.
void add_helpers(lua_State* lua);
/// Creates the offer's facts and their view; fills the references of `api`.
void add_facts(lua_State* lua, Api& api);
/// Writes the facts of `offer` into the table that the hooks see.
void fill_facts(lua_State* lua, const Api& api, const job::Offer& offer, const job::Facts& facts);
/// Nothing when `per` is a period of a quota; why not otherwise.
base::Status check_period(const rules::Calendar& calendar, std::string_view per);

}  // namespace policy::lua
