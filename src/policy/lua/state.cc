#include "policy/lua/state.h"

#include <cstdlib>
#include <cstring>

namespace policy::lua {
namespace {

constexpr int kBlock = 1000;   // instructions between two looks at the limits: 5 us
constexpr int kLargeStep = 4;  // the same, where one of them may work on a large block: up to 2 ms each
constexpr int kMaxPcalls = 200;
constexpr std::uint64_t kErrorCost = 500;         // instructions: to raise and catch an error
constexpr std::size_t kBytesPerInstruction = 64;  // to fill a large block
constexpr int kDeep = 100;                        // levels of calls that look like a runaway recursion
constexpr std::size_t kLongestError = 500;
constexpr base::Bytes kLargeBlock = 64 * base::kKiB;

/// Chunks of ours carry a name in parentheses; an operator's file cannot.
bool is_policy_file(const lua_Debug& activation) {
  return activation.source[0] == '=' && activation.source[1] != '(';
}

std::string error_text(lua_State* lua, int index) {
  // Never through tostring: a policy's value has no say in how its error is printed.
  if (lua_type(lua, index) != LUA_TSTRING && lua_type(lua, index) != LUA_TNUMBER) {
    return std::string("error object is a ") + lua_typename(lua, lua_type(lua, index));
  }
  std::size_t length = 0;
  const char* text = lua_tolstring(lua, index, &length);
  return {text, std::min(length, kLongestError)};
}

/// Removes "name:12: " from the front. Gives the line, 0 when it was not there.
int strip_position(std::string& text, std::string_view name) {
  if (text.size() <= name.size() || text.compare(0, name.size(), name) != 0 || text[name.size()] != ':') return 0;
  const std::size_t digits = name.size() + 1;
  const std::size_t end = text.find(": ", digits);
  if (end == std::string::npos || end == digits) return 0;
  if (text.find_first_not_of("0123456789", digits) != end) return 0;
  const int line = std::atoi(text.c_str() + digits);
  text.erase(0, end + 2);
  return line;
}

}  // namespace

std::unique_ptr<State> State::create(base::Bytes memory_limit) {
  std::unique_ptr<State> state(new State);
  state->limit_ = memory_limit;
  state->lua_ = lua_newstate(&State::allocate, state.get());
  if (state->lua_ == nullptr) return nullptr;
  luaJIT_setmode(state->lua_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  return state;
}

State::~State() {
  if (lua_ != nullptr) lua_close(lua_);
}

State& State::of(lua_State* lua) {
  void* self = nullptr;
  lua_getallocf(lua, &self);
  return *static_cast<State*>(self);
}

void* State::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  State& state = *static_cast<State*>(self);
  if (new_size == 0) {
    state.memory_ -= old_size;
    std::free(block);
    return nullptr;
  }
  // Only growth may be refused: LuaJIT does not expect a shrink to fail.
  if (new_size > old_size) {
    const bool too_much = state.memory_ + (new_size - old_size) > state.limit_;
    // One block of an eighth of everything would also make single instructions (compare, join) slow.
    if (too_much || new_size > state.limit_ / 8) {
      // Lua calls no error handler for lack of memory, so the place is noted here; looking at it allocates nothing.
      if (state.lua_ != nullptr && state.stopped_.empty()) state.place_ = running_line(state.lua_);
      state.stop("used up its memory");
      return nullptr;
    }
    if (new_size > kLargeBlock) state.note_large_block(new_size);
  }
  void* moved = std::realloc(block, new_size);
  if (moved != nullptr) state.memory_ += new_size - old_size;
  return moved;
}

/// Few instructions on large blocks would pass by the hook for long.
void State::note_large_block(std::size_t size) {
  const bool first = !std::exchange(large_, true);
  if (deadline_ == std::chrono::steady_clock::time_point{} || !stopped_.empty()) return;
  if (first) hook_each(interval());
  count(size / kBytesPerInstruction);
}

int State::interval() const {
  if (budget_.exact) return 1;
  return large_ ? kLargeStep : kBlock;
}

/// From now on every instruction raises, so that no pcall of the policy can go on.
void State::stop(std::string_view why) {
  if (!stopped_.empty()) return;
  stopped_ = why;
  if (lua_ != nullptr) hook_each(1);
}

void State::count(std::uint64_t instructions) {
  if (!stopped_.empty()) return;
  used_ += instructions;
  unchecked_ += instructions;
  if (used_ > budget_.instructions) {
    stop("used up its instructions (an endless loop?)");
  } else if (unchecked_ >= kBlock || large_) {
    unchecked_ = 0;
    // The operating system's clock on purpose: the limit guards the real thread, not the policy's time.
    if (std::chrono::steady_clock::now() > deadline_) stop("ran longer than its time limit");
  }
}

void State::hook_each(int instructions) {
  lua_sethook(lua_, &State::on_count, LUA_MASKCOUNT | (lines_ != nullptr ? LUA_MASKLINE : 0), instructions);
}

void State::on_count(lua_State* lua, lua_Debug* event) {
  State& state = of(lua);
  if (event->event == LUA_HOOKLINE) {
    lua_getinfo(lua, "S", event);
    if (state.lines_ != nullptr && is_policy_file(*event)) state.lines_->emplace(event->source + 1, event->currentline);
    return;
  }
  state.count(static_cast<std::uint64_t>(state.interval()));
  // A stack overflow may leave no room for the error handler: note the place in time.
  lua_Debug activation{};
  if (lua_getstack(lua, kDeep, &activation) != 0) state.place_ = running_line(lua);
  if (!state.stopped_.empty()) raise(lua, state.stopped_.data());
}

bool State::charge(std::uint64_t instructions) {
  if (deadline_ != std::chrono::steady_clock::time_point{}) count(instructions);
  return stopped_.empty();
}

/// Every open pcall catches the error of a limit once more, which takes microseconds each.
std::optional<int> State::enter_pcall() {
  if (open_pcalls_ == kMaxPcalls) return std::nullopt;
  return ++open_pcalls_;
}

/// Where the stack is full the count hook cannot run: code that catches the overflow could stay there for ever.
bool State::leave_pcall(int number, bool failed, const char* error) {
  open_pcalls_ = number - 1;
  if (!failed) return true;
  count(kErrorCost);
  if (error != nullptr &&
      (std::strstr(error, "stack overflow") != nullptr || std::strstr(error, "error in error handling") != nullptr)) {
    if (stopped_.empty()) place_ = running_line(lua_);
    stop("used up its stack (an endless recursion?)");
  }
  return stopped_.empty();
}

double State::next_random() {
  random_ += 0x9E3779B97F4A7C15U;  // splitmix64: one word of state, the same numbers everywhere
  std::uint64_t mixed = random_;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
  mixed ^= mixed >> 31;
  return static_cast<double>(mixed >> 11) * 0x1.0p-53;
}

int State::on_error(lua_State* lua) {
  State& state = of(lua);
  state.text_ = error_text(lua, 1);
  bool stripped = false;
  lua_Debug activation{};
  for (int level = 0; lua_getstack(lua, level, &activation) != 0; ++level) {
    lua_getinfo(lua, "Sl", &activation);
    if (activation.currentline <= 0) continue;
    if (!stripped) strip_position(state.text_, activation.short_src);
    stripped = true;
    if (!is_policy_file(activation)) continue;
    state.place_ = {activation.source + 1, activation.currentline};
    break;
  }
  return 1;
}

rules::Place State::running_line(lua_State* lua) {
  lua_Debug activation{};
  for (int level = 0; lua_getstack(lua, level, &activation) != 0; ++level) {
    lua_getinfo(lua, "Sl", &activation);
    if (activation.currentline > 0 && is_policy_file(activation))
      return {activation.source + 1, activation.currentline};
  }
  return {};
}

void State::begin(const Budget& budget) {
  budget_ = budget;
  used_ = 0;
  spent_before_ = 0;
  unchecked_ = 0;
  open_pcalls_ = 0;
  stopped_ = {};
  text_.clear();
  place_ = {};
  deadline_ = std::chrono::steady_clock::now() + budget.time;
  hook_each(interval());
}

std::optional<Failure> State::finish(int status, int base) {
  lua_sethook(lua_, nullptr, 0, 0);
  deadline_ = {};
  if (status == 0 && stopped_.empty()) return std::nullopt;
  Failure failure;
  failure.spent = !stopped_.empty() || status == LUA_ERRMEM;
  if (!stopped_.empty())
    failure.text = stopped_;
  else
    failure.text = text_.empty() ? error_text(lua_, -1) : text_;
  failure.place = place_;
  lua_settop(lua_, base);
  return failure;
}

std::optional<Failure> State::call(int arguments, int results, const Budget& budget) {
  const int base = lua_gettop(lua_) - arguments;  // becomes the index of the handler
  begin(budget);
  lua_pushcfunction(lua_, &State::on_error);
  lua_insert(lua_, base);
  const int status = lua_pcall(lua_, arguments, results, base);
  lua_remove(lua_, base);
  return finish(status, base - 1);
}

std::optional<Failure> State::protect(int (*function)(lua_State*), void* argument) {
  const int base = lua_gettop(lua_);
  stopped_ = {};
  text_.clear();
  place_ = {};
  return finish(lua_cpcall(lua_, function, argument), base);
}

std::optional<Failure> State::compile(std::string_view file, std::string_view text) {
  const std::string chunk = "=" + std::string(file);
  // Also called while a file runs that requires another: the limits stay in force.
  const int status = luaL_loadbufferx(lua_, text.data(), text.size(), chunk.c_str(), "t");
  if (status == 0) return std::nullopt;
  Failure failure{error_text(lua_, -1), {std::string(file), 0}, status == LUA_ERRMEM};
  failure.place.line = strip_position(failure.text, file);
  lua_pop(lua_, 1);
  return failure;
}

void raise(lua_State* lua, const char* text) {
  lua_pushstring(lua, text);
  lua_error(lua);
  std::abort();
}

}  // namespace policy::lua
