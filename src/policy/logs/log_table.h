#pragma once
// LogTable: the declared entries and their rate limits; where a record goes. Pure; one thread at a time.

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log/router.h"
#include "policy/logs/log_rule.h"

namespace policy::logs {

class LogTable {
 public:
  /// `usual`: the worker's own level, for entries that name none.
  LogTable(std::vector<LogRule> rules, base::log::Level usual);

  struct Answer {
    std::vector<std::size_t> entries;     // that write the record
    std::optional<std::size_t> ended_by;  // the entry after which no other was asked
    bool matched = false;                 // an entry took it, perhaps to drop it: the usual places do not get it
  };
  Answer ask(const base::log::Record& record, base::SteadyTime now);

  /// Entries whose period is over and that held records back in it. Their count begins anew.
  struct Held {
    std::size_t entry = 0;
    std::uint64_t records = 0;
  };
  std::vector<Held> overdue(base::SteadyTime now);
  /// When there will be one.
  std::optional<base::SteadyTime> next_overdue() const;

  /// The lowest level that an entry asks for.
  base::log::Level least() const;

  const std::vector<LogRule>& rules() const { return rules_; }

 private:
  struct Period {
    std::optional<base::SteadyTime> ends;
    std::uint64_t records = 0;
    std::uint64_t held = 0;
  };
  base::log::Level level_of(const LogRule& rule) const;
  bool matches(const LogRule& rule, const base::log::Record& record) const;
  bool within_limit(std::size_t entry, base::SteadyTime now);

  std::vector<LogRule> rules_;
  base::log::Level usual_;
  std::vector<Period> periods_;  // of each entry
};

}  // namespace policy::logs
