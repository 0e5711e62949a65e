#include "policy/testing/coverage/coverage.h"

#include <algorithm>

#include "policy/testing/coverage/code_lines.h"

namespace policy::testing {
namespace {

/// Counts the rules and keeps the idle ones.
class Rules {
 public:
  Rules(const Seen& seen, Coverage& coverage) : seen_(seen), coverage_(coverage) {}

  void add(const rules::Place& place, const std::string& what) { add(rules::to_string(place), what, seen_.places); }
  void add(const std::string& place, const std::string& what, const std::set<std::string>& covered) {
    ++coverage_.rules;
    if (!covered.contains(place)) coverage_.idle_rules.push_back({place, what});
  }

 private:
  const Seen& seen_;
  Coverage& coverage_;
};

std::string quoted(std::string_view word, std::string_view name) {
  return std::string(word) + " '" + std::string(name) + "'";
}

void cover_rules(const PolicyRuntime& policy, const Seen& seen, Coverage& coverage) {
  Rules all(seen, coverage);
  const rules::RuleSet& declared = policy.rules();
  for (const auto& window : declared.calendar.windows()) all.add(window.place, quoted("window", window.name));
  for (const auto& dates : declared.calendar.dates()) all.add(dates.place, quoted("dates", dates.name));
  if (declared.accept_during) all.add(declared.accept_during->place, "accept_during");
  for (const auto& game : declared.games) all.add(game.place, quoted("game", game.pattern));
  for (const auto& vram : declared.vram) {
    all.add(vram.place, vram.during.empty() ? "vram" : "vram, during '" + vram.during + "'");
  }
  for (const auto& pause : declared.pauses) all.add(pause.place, quoted("pause_when", pause.title));
  for (const auto& log : declared.logs) all.add(log.place, quoted("log_to", logs::to_string(log)));
  for (const auto& [event, place] : policy.summary().hooks) {
    all.add(place, "function of '" + std::string(to_string(event)) + "'", seen.footprint.hooks);
  }
}

void cover_lines(const PolicyRuntime& policy, const Seen& seen, Coverage& coverage) {
  CodeLines code;
  for (const SourceFile& file : policy.sources()) {
    if (is_test_file(file.name)) continue;
    for (const int line : code.of(file.name, file.text)) {
      ++coverage.lines;
      if (seen.footprint.lines.contains({file.name, line})) continue;
      coverage.idle_lines.push_back({rules::to_string(rules::Place{file.name, line}), ""});
    }
  }
}

}  // namespace

Coverage cover(const PolicyRuntime& policy, const Seen& seen) {
  Coverage coverage;
  cover_rules(policy, seen, coverage);
  cover_lines(policy, seen, coverage);
  return coverage;
}

}  // namespace policy::testing
