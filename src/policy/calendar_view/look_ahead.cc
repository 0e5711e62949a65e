#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "policy/calendar_view/intervals.h"
#include "policy/calendar_view/outlook.h"
#include "policy/pause/conditions.h"
#include "policy/rehearsal/stage.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/units.h"

namespace policy::calendar_view {
namespace {

using namespace std::chrono_literals;

/// When the zone's clocks jump, to the second.
std::vector<ClockChange> clock_changes(const Outlook& outlook) {
  const auto offset = [&](base::WallTime when) {
    return outlook.zone.local(when) - std::chrono::floor<std::chrono::seconds>(when);
  };
  std::vector<ClockChange> changes;
  for (const Day& day : days_of(outlook)) {
    auto before = day.whole.start - 1s;
    auto after = day.whole.end - 1s;
    const auto by = offset(after) - offset(before);
    if (by == 0s) continue;
    while (after - before > 1s) {
      const auto middle = std::chrono::floor<std::chrono::seconds>(before + (after - before) / 2);
      (offset(middle) == offset(before) ? before : after) = middle;
    }
    changes.push_back({after, std::chrono::duration_cast<std::chrono::minutes>(by)});
  }
  return changes;
}

/// A machine that nobody uses, with these cards at rest.
job::MachineFacts machine_with(const std::vector<job::GpuFacts>& cards, bool& assumed) {
  auto facts = rehearsal::quiet_machine();
  const job::GpuFacts quiet = facts.gpus.value->front();
  std::vector<job::GpuFacts> known;
  for (const job::GpuFacts& card : cards) {
    if (!card.total) continue;
    known.push_back(quiet);
    known.back().index = card.index;
    known.back().uuid = card.uuid;
    known.back().name = card.name;
    known.back().total = known.back().free = card.total;
  }
  assumed = known.empty();
  if (!assumed) facts.gpus.value = std::move(known);
  return facts;
}

struct Run {
  rules::Interval when;
  std::string app;
};

/// Those that reach into the days from `before` on.
std::vector<Run> runs_of(const std::vector<Visit>& visits, const Outlook& outlook, base::Duration before) {
  const auto days_before = static_cast<int>(std::chrono::ceil<std::chrono::days>(before).count()) + 1;
  std::vector<Run> runs;
  for (const Visit& visit : visits) {
    const auto until = visit.until > visit.from ? visit.until : visit.until + 24h;
    for (int i = -days_before; i < outlook.days; ++i) {
      const auto date = outlook.first + std::chrono::days(i);
      if ((visit.days >> std::chrono::weekday(date).c_encoding() & 1) == 0) continue;
      runs.push_back({{outlook.zone.instant(date, visit.from), outlook.zone.instant(date, until)}, visit.app});
    }
  }
  return runs;
}

std::set<base::Duration> delays_of(const std::vector<pause::PauseRule>& rules) {
  std::set<base::Duration> delays{base::Duration()};
  for (const pause::PauseRule& rule : rules) {
    delays.insert(rule.start_after);
    delays.insert(rule.resume_after);
  }
  return delays;
}

/// Plays the days on a stage and writes down what holds when. It begins as long before them as a pause may wait.
class Rehearsal {
 public:
  Rehearsal(PolicyRuntime& policy, const Wanted& wanted, Outlook& outlook)
      : outlook_(outlook),
        delays_(delays_of(policy.rules().pauses)),
        begin_(outlook.range.start - *delays_.rbegin()),
        runs_(runs_of(wanted.visits, outlook, *delays_.rbegin())),
        machine_(machine_with(wanted.cards, outlook.memory_assumed)),
        stage_(policy, begin_, at_work(begin_)),
        asks_functions_(policy.has_hooks()[HookEvent::kPause] || policy.has_hooks()[HookEvent::kBudget]) {
    outlook.memory = job::total_memory(*machine_.gpus.value).value_or(0);
    expect_after(begin_);
    for (const Run& run : runs_) {
      for (const auto edge : {run.when.start, run.when.end}) {
        edges_.insert(edge);
        expect_after(edge);
      }
    }
  }

  void play() {
    for (auto now = begin_; now < outlook_.range.end;) {
      if (now >= outlook_.range.start) write_down(now);
      const auto window_edge = stage_.pause().until;
      const auto next = next_look(now);
      stage_.advance(next - now);
      if (edges_.contains(next)) stage_.set_facts(at_work(next));
      if (next == window_edge) expect_after(next);
      now = next;
    }
    for (const Paused& one : holding_) end(one, outlook_.range.end);
    if (!outlook_.budget.empty()) outlook_.budget.back().when.end = outlook_.range.end;
    std::stable_sort(outlook_.paused.begin(), outlook_.paused.end(),
                     [](const Paused& a, const Paused& b) { return a.when.start < b.when.start; });
  }

 private:
  job::MachineFacts at_work(base::WallTime when) const {
    auto facts = machine_;
    for (const Run& run : runs_) {
      if (run.when.contains(when)) facts.apps.value->push_back(run.app);
    }
    return facts;
  }

  /// A pause may begin or end this long after something happened.
  void expect_after(base::WallTime event) {
    for (const auto delay : delays_) due_.insert(event + delay);
  }

  base::WallTime next_look(base::WallTime now) {
    auto next = now < outlook_.range.start ? outlook_.range.start : outlook_.range.end;
    if (asks_functions_) next = std::min(next, std::chrono::floor<std::chrono::minutes>(now) + base::Duration(1min));
    next = std::min(next, stage_.pause().until);
    next = std::min(next, stage_.rules().vram_bound(now, *machine_.gpus.value).until);
    for (const auto* times : {&edges_, &due_}) {
      if (const auto later = times->upper_bound(now); later != times->end()) next = std::min(next, *later);
    }
    return next;
  }

  void write_down(base::WallTime now) {
    if (outlook_.error.empty()) outlook_.error = base::log::printable(stage_.error());
    const auto& held = stage_.pause().held;
    for (auto one = holding_.begin(); one != holding_.end();) {
      const bool goes_on =
          std::any_of(held.begin(), held.end(), [&](const pause::Held& other) { return is_same(*one, other); });
      if (!goes_on) end(*one, now);
      one = goes_on ? one + 1 : holding_.erase(one);
    }
    for (const pause::Held& one : held) {
      const bool known =
          std::any_of(holding_.begin(), holding_.end(), [&](const Paused& other) { return is_same(other, one); });
      if (!known) holding_.push_back({{now, now}, one.title, one.rule});
    }
    auto bound = stage_.bound();
    auto& budget = outlook_.budget;
    if (!budget.empty() && budget.back().bytes == bound.bytes && budget.back().rule == bound.rule) return;
    if (!budget.empty()) budget.back().when.end = now;
    budget.push_back({{now, now}, bound.bytes, std::move(bound.rule)});
  }

  static bool is_same(const Paused& a, const pause::Held& b) { return a.title == b.title && a.rule == b.rule; }

  void end(Paused one, base::WallTime when) {
    one.when.end = when;
    outlook_.paused.push_back(std::move(one));
  }

  Outlook& outlook_;
  std::set<base::Duration> delays_;
  base::WallTime begin_;
  std::vector<Run> runs_;
  job::MachineFacts machine_;
  rehearsal::Stage stage_;
  bool asks_functions_;
  std::set<base::WallTime> edges_;  // a program starts or ends
  std::set<base::WallTime> due_;
  std::vector<Paused> holding_;
};

/// Programs that no rule looks for, where no function could.
std::vector<std::string> apps_nobody_asks_about(const PolicyRuntime& policy, const std::vector<Visit>& visits) {
  std::vector<std::string> apps;
  if (policy.has_hooks()[HookEvent::kPause]) return apps;
  for (const Visit& visit : visits) {
    job::MachineFacts facts;
    facts.apps.value = std::vector<std::string>{visit.app};
    const auto asks = [&](const pause::PauseRule& rule) {
      pause::PauseRule apps_alone;
      apps_alone.apps = rule.apps;
      return !rule.apps.empty() && pause::examine(apps_alone, facts).answer == pause::Answer::kTrue;
    };
    const auto& rules = policy.rules().pauses;
    if (std::none_of(rules.begin(), rules.end(), asks)) apps.push_back(visit.app);
  }
  return apps;
}

using namespace std::chrono;
constexpr sys_days kFirstDay = year(1970) / January / 8;  // so that a week may begin before it
constexpr sys_days kLastDay = year(2200) / January / 1;

base::Result<std::chrono::sys_days> first_day(const Wanted& wanted, const rules::Zone& zone, base::WallTime now) {
  auto first = std::chrono::floor<std::chrono::days>(zone.local(now));
  if (wanted.from) {
    const auto dates = rules::parse_dates(*wanted.from);
    if (!dates || dates->first != dates->last) {
      return base::Error{base::Code::kInvalid,
                         "\"" + base::log::printable(*wanted.from, 60) + "\" is no day; write it as 2026-03-23"};
    }
    first = dates->first;
  }
  if (first < kFirstDay || first > kLastDay) {
    return base::Error{base::Code::kInvalid, "the days must lie between 1970 and 2200"};
  }
  if (wanted.whole_week) first -= std::chrono::weekday(first) - std::chrono::Monday;
  return first;
}

}  // namespace

base::Result<Outlook> look_ahead(PolicyRuntime& policy, const Wanted& wanted, base::WallTime now) {
  if (wanted.days < 1 || wanted.days > kMostDays) {
    return base::Error{base::Code::kInvalid,
                       "days must be from 1 to " + std::to_string(kMostDays) + ", not " + std::to_string(wanted.days)};
  }
  const rules::RuleSet& rules = policy.rules();
  Outlook outlook{.zone = rules.calendar.zone(), .days = wanted.whole_week ? 7 : wanted.days};
  TRY(outlook.first, first_day(wanted, outlook.zone, now));
  const auto start_of = [&](std::chrono::sys_days day) { return outlook.zone.instant(day, 0min); };
  outlook.range = {start_of(outlook.first), start_of(outlook.first + std::chrono::days(outlook.days))};
  outlook.open = rules.open_times(outlook.range);
  outlook.taking = rules.claim_times(outlook.range);
  outlook.clock_changes = clock_changes(outlook);
  outlook.apps_nobody_asks_about = apps_nobody_asks_about(policy, wanted.visits);
  Rehearsal(policy, wanted, outlook).play();
  Intervals paused;
  for (const Paused& one : outlook.paused) paused.push_back(one.when);
  outlook.claims = without(outlook.taking, merged(std::move(paused)));
  const auto bounds = [](const Budget& one) { return one.bytes.has_value(); };
  if (std::none_of(outlook.budget.begin(), outlook.budget.end(), bounds)) outlook.budget.clear();
  return outlook;
}

}  // namespace policy::calendar_view
