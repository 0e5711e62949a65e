#pragma once
// LogFacts: what a log hook sees of a record and may change in its private copy. Pure.

#include <optional>
#include <string>
#include <vector>

#include "base/log/router.h"

namespace policy::logs {

struct LogFacts {
  base::log::Level level = base::log::Level::kInfo;
  std::string about;  // category
  std::string message;
  std::optional<std::string> job;
  std::optional<std::string> game;
  std::optional<std::string> kind;
  std::optional<std::string> details;  // the other fields, as text

  friend bool operator==(const LogFacts&, const LogFacts&) = default;
};

/// The message as far as it would be printed.
LogFacts facts_of(const base::log::Record& record);

/// Puts what the hook changed into the record. What the record does not have cannot be added.
void change(base::log::Record& record, const LogFacts& before, const LogFacts& after);

/// What the hooks made of the first records of a batch, at least of one: nothing where one failed.
struct Rewritten {
  std::vector<std::optional<LogFacts>> records;
  std::string error;  // of the first that failed: "file:line: text"
};

}  // namespace policy::logs
