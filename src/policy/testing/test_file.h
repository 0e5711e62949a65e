#pragma once
// TestFile: one *_test.lua in a Lua state of its own, with the limits of a policy. One thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/lua/api.h"
#include "policy/lua/state.h"
#include "policy/testing/report.h"
#include "policy/testing/trial.h"

namespace policy::testing {

struct Limits {
  RuntimeOptions runtime;                          // of memory, and of one hook
  std::chrono::steady_clock::time_point deadline;  // of all tests together
};

class TestFile {
 public:
  /// `files`: the whole folder, which the tests may `require`.
  TestFile(const SourceFiles& files, std::string name, const Limits& limits);
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  /// Never fails: a file that cannot be loaded is a result without a name. `seen`: may be nullptr.
  std::vector<Result> run(PolicyRuntime& policy, Seen* seen);

  // For the C functions.
  base::Status add(std::string name, int function, rules::Place place);
  Trial* trial() { return trial_ ? &*trial_ : nullptr; }
  int methods() const { return methods_; }
  void install(lua_State* lua);

 private:
  struct Test {
    std::string name;
    int function = 0;  // registry reference
    rules::Place place;
  };
  std::optional<lua::Failure> load();
  std::optional<lua::Failure> run_one(const Test& test);
  lua::Budget budget(std::uint64_t instructions) const;

  const SourceFiles& files_;
  std::string name_;
  const Limits& limits_;
  lua::Api api_;
  std::unique_ptr<lua::State> state_;  // dies before the api that it points at
  std::vector<Test> tests_;
  std::optional<Trial> trial_;  // the running one
  int methods_ = 0;             // registry reference: what `t` is
};

}  // namespace policy::testing
