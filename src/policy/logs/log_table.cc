#include "policy/logs/log_table.h"

#include <algorithm>

#include "policy/rules/rule_set.h"

namespace policy::logs {

using base::log::Level;
using base::log::Record;

LogTable::LogTable(std::vector<LogRule> rules, Level usual)
    : rules_(std::move(rules)), usual_(usual), periods_(rules_.size()) {}

Level LogTable::level_of(const LogRule& rule) const {
  if (rule.level) return *rule.level;
  if (rule.sink == Sink::kNone) return Level::kDebug;
  // The studio knows no debug lines.
  return rule.sink == Sink::kStudio ? std::max(usual_, Level::kInfo) : usual_;
}

bool LogTable::matches(const LogRule& rule, const Record& record) const {
  if (record.level < level_of(rule)) return false;
  if (!rule.about.empty()) {
    const bool about = std::any_of(rule.about.begin(), rule.about.end(), [&record](const std::string& name) {
      return name == kAboutJobs ? record.find("job") != nullptr : name == record.category;
    });
    if (!about) return false;
  }
  if (rule.game.empty()) return true;
  const std::string* game = record.find("game");
  return game != nullptr && rules::matches(rule.game, *game);
}

bool LogTable::within_limit(std::size_t entry, base::SteadyTime now) {
  const auto& limit = rules_[entry].at_most;
  if (!limit) return true;
  Period& period = periods_[entry];
  if (!period.ends || *period.ends <= now) period = {now + limit->per, 0, 0};
  if (++period.records <= limit->count) return true;
  ++period.held;
  return false;
}

LogTable::Answer LogTable::ask(const Record& record, base::SteadyTime now) {
  Answer answer;
  std::vector<const LogRule*> seen;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const LogRule& rule = rules_[i];
    if (!matches(rule, record)) continue;
    answer.matched = true;
    if (rule.sink == Sink::kNone || rule.stop) answer.ended_by = i;
    if (rule.sink == Sink::kNone) break;
    const bool again = std::any_of(seen.begin(), seen.end(), [&rule](const LogRule* earlier) {
      return earlier->sink == rule.sink && earlier->file == rule.file;
    });
    seen.push_back(&rule);
    if (!again && within_limit(i, now)) answer.entries.push_back(i);
    if (rule.stop) break;
  }
  return answer;
}

std::vector<LogTable::Held> LogTable::overdue(base::SteadyTime now) {
  std::vector<Held> held;
  for (std::size_t i = 0; i < periods_.size(); ++i) {
    Period& period = periods_[i];
    if (period.held == 0 || *period.ends > now) continue;
    held.push_back({i, period.held});
    period = {};
  }
  return held;
}

std::optional<base::SteadyTime> LogTable::next_overdue() const {
  std::optional<base::SteadyTime> next;
  for (const Period& period : periods_) {
    if (period.held > 0 && (!next || *period.ends < *next)) next = period.ends;
  }
  return next;
}

Level LogTable::least() const {
  Level least = usual_;
  for (const LogRule& rule : rules_) {
    if (rule.sink != Sink::kNone) least = std::min(least, level_of(rule));
  }
  return least;
}

}  // namespace policy::logs
