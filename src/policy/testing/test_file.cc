#include "policy/testing/test_file.h"

#include <algorithm>

#include "policy/lua/sandbox.h"
#include "policy/lua/table_reader.h"
#include "policy/rules/nearest.h"
#include "policy/testing/methods.h"

namespace policy::testing {
namespace {

constexpr std::uint64_t kTestFactor = 20;    // of instructions: a test may use so many times what a hook may
constexpr std::uint64_t kMethodCost = 1000;  // instructions; also makes the clock be looked at
constexpr std::size_t kMostTests = 10'000;

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

TestFile& file_of(lua_State* lua) {
  return *static_cast<TestFile*>(lua_touserdata(lua, lua_upvalueindex(1)));
}

/// `test('name', function(t) ... end)`.
base::Result<int> declare_test(lua_State* lua, lua::Api& api) {
  if (!api.loading) return invalid("test: a test cannot stand inside of another one");
  auto place = lua::declared_at(lua, api);
  TRY(auto name, lua::read_text(lua, 1, "test: the name"));
  if (lua_type(lua, 2) != LUA_TFUNCTION) {
    return invalid("test '" + name + "' needs a function: test('" + name + "', function(t) ... end)");
  }
  lua_pushvalue(lua, 2);
  const int function = luaL_ref(lua, LUA_REGISTRYINDEX);
  CHECK_OK(file_of(lua).add(std::move(name), function, std::move(place)));
  return 0;
}

/// A method ends the test that it fails, also when the test catches its error.
base::Result<int> call_method(lua_State* lua, lua::Api&) {
  TestFile& file = file_of(lua);
  const auto& named = testing::methods()[static_cast<std::size_t>(lua_tointeger(lua, lua_upvalueindex(2)))];
  Trial* trial = file.trial();
  if (trial == nullptr) return invalid("t:" + std::string(named.name) + " only works inside of its test");
  lua::State::of(lua).charge(kMethodCost);
  const bool called_on_something = lua_gettop(lua) > 0;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, file.methods());
  const bool colon = called_on_something && lua_rawequal(lua, 1, -1) != 0;
  lua_pop(lua, 1);
  auto done =
      colon ? named.method(lua, *trial) : base::Status(invalid("write t:" + std::string(named.name) + " with a colon"));
  if (done) return 0;
  trial->fail(rules::to_string(lua::State::running_line(lua)), done.error().message);
  return std::move(done).error();
}

int unknown_method(lua_State* lua) {
  {
    const auto text = rules::unknown_name("method", lua::name_at(lua, 2), lua::names_behind(lua, 1));
    lua_pushlstring(lua, text.data(), text.size());
  }
  return lua_error(lua);
}

int install_into(lua_State* lua) {
  static_cast<TestFile*>(lua_touserdata(lua, 1))->install(lua);
  return 0;
}

}  // namespace

TestFile::TestFile(const SourceFiles& files, std::string name, const Limits& limits)
    : files_(files), name_(std::move(name)), limits_(limits) {}

base::Status TestFile::add(std::string name, int function, rules::Place place) {
  if (tests_.size() == kMostTests) return invalid("test: there are 10000 tests already");
  const auto same = std::find_if(tests_.begin(), tests_.end(), [&name](const Test& test) { return test.name == name; });
  if (same != tests_.end()) {
    return invalid("test '" + name + "' stands already at " + rules::to_string(same->place));
  }
  tests_.push_back({std::move(name), function, std::move(place)});
  return {};
}

void TestFile::install(lua_State* lua) {
  lua_pushlightuserdata(lua, this);
  lua_pushcclosure(lua, &lua::api_entry<&declare_test>, 1);
  lua::set_global(lua, "test");
  lua_newtable(lua);
  lua_Integer number = 0;
  for (const NamedMethod& each : testing::methods()) {
    lua_pushlightuserdata(lua, this);
    lua_pushinteger(lua, number++);
    lua_pushcclosure(lua, &lua::api_entry<&call_method>, 2);
    lua_setfield(lua, -2, each.name);
  }
  lua::push_read_only(lua, &unknown_method, "t cannot be changed");
  methods_ = luaL_ref(lua, LUA_REGISTRYINDEX);
}

lua::Budget TestFile::budget(std::uint64_t instructions) const {
  const auto left = limits_.deadline - std::chrono::steady_clock::now();
  return {instructions, std::max<base::Duration>(left, base::Duration(1))};
}

std::optional<lua::Failure> TestFile::load() {
  state_ = lua::State::create(limits_.runtime.memory);
  if (!state_) return lua::Failure{"no memory for a test", {name_, 0}, true};
  std::vector<std::pair<std::string, std::string>> sources;
  for (const SourceFile& file : files_) sources.emplace_back(file.name, file.text);
  if (auto failure = api_.install(*state_, std::move(sources))) return failure;
  if (auto failure = state_->protect(&install_into, this)) return failure;
  return api_.load(*state_, name_, budget(limits_.runtime.instructions * kLoadFactor));
}

std::optional<lua::Failure> TestFile::run_one(const Test& test) {
  lua_State* lua = state_->raw();
  state_->seed_random(1);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, test.function);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, methods_);
  auto failure = state_->call(1, 0, budget(limits_.runtime.instructions * kTestFactor));
  if (failure && !failure->place.known()) failure->place = test.place;
  return failure;
}

std::vector<Result> TestFile::run(PolicyRuntime& policy, Seen* seen) {
  std::vector<Result> results;
  if (const auto failure = load()) {
    const auto place = rules::to_string(failure->place.known() ? failure->place : rules::Place{name_, 0});
    results.push_back({name_, "", place, Failure{place, failure->text, {}}});
    return results;
  }
  bool over = false;
  for (const Test& test : tests_) {
    Result result{name_, test.name, rules::to_string(test.place)};
    if (over) {
      result.failure = Failure{result.place, "did not run: a test before it broke a limit", {}};
      results.push_back(std::move(result));
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    trial_.emplace(policy, seen);
    const auto failure = run_one(test);
    result.failure = trial_->take_failure();
    trial_.reset();
    if (failure && (!result.failure || failure->spent)) {
      result.failure = Failure{rules::to_string(failure->place), failure->text, {}};
    }
    if (result.failure && result.failure->place.empty()) result.failure->place = result.place;
    over = failure && failure->spent;
    result.took = std::chrono::steady_clock::now() - start;
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace policy::testing
