#pragma once
// Report: what the tests of a policy came to. Values.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "job/decision.h"

namespace policy::testing {

struct Failure {
  std::string place;                  // "night_test.lua:7"
  std::string text;                   // "expected a decline with "quota": accepted (20-games.lua:3)"
  std::vector<job::TraceLine> trace;  // of the decision that was another than expected
};

struct Result {
  std::string file;
  std::string name;  // empty: the file itself, which cannot be loaded
  std::string place;
  std::optional<Failure> failure;
  base::Duration took{};
};

/// What no test made decide or run.
struct Gap {
  std::string place;
  std::string what;  // "game 'ember-keep'"; empty for a line
};

struct Coverage {
  std::size_t rules = 0;  // declarations and functions that could decide something
  std::size_t lines = 0;  // inside of functions
  std::vector<Gap> idle_rules;
  std::vector<Gap> idle_lines;
};

/// In whole percent, rounded down: 100 means all. Nothing to cover is covered.
unsigned percent(std::size_t all, std::size_t missing);

struct Report {
  std::vector<Result> results;  // in the order of the files, and of the tests in them
  std::optional<Coverage> coverage;
  base::Duration took{};

  std::size_t failed() const;
  bool ok() const { return failed() == 0; }
  /// "night_test.lua:7: expected ...", one line for each test that failed.
  std::vector<std::string> errors() const;
};

}  // namespace policy::testing
