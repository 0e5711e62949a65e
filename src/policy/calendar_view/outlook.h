#pragma once
// Outlook: what a policy lets the worker do over some days of its own zone: when it claims, what pauses it, how much
// memory jobs may use. The real policy on a virtual clock, in this process.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job/machine_facts.h"
#include "policy/policy_runtime.h"
#include "policy/rules/calendar.h"

namespace policy::calendar_view {

constexpr int kMostDays = 3660;

/// A program that is assumed to run, on each of these days. An end that is not after the start is of the next day.
struct Visit {
  std::string app;
  rules::DaySet days = 0;
  std::chrono::minutes from{};
  std::chrono::minutes until{};
};
/// "maya@tue14-17", "UnrealEditor.exe@mon-fri 9:30-18:00". Errors: kInvalid.
base::Result<Visit> parse_visit(std::string_view text);

struct Wanted {
  std::optional<std::string> from;  // YYYY-MM-DD, in the policy's zone; absent = the day of `now`
  bool whole_week = false;          // the seven days, from Monday, of the week in which `from` is
  int days = 7;                     // from 1 to kMostDays
  std::vector<Visit> visits;
  std::vector<job::GpuFacts> cards;  // those of known size count; none = one card is assumed
};

struct Paused {
  rules::Interval when;
  std::string title;
  std::string rule;  // file:line
};

struct Budget {
  rules::Interval when;
  std::optional<base::Bytes> bytes;  // nothing = not bounded
  std::string rule;                  // file:line
};

/// The clocks jump at `at`: a part of the day is missing, or comes twice.
struct ClockChange {
  base::WallTime at;
  std::chrono::minutes by{};  // more than 0: forward
};

struct Outlook {
  rules::Zone zone = rules::Zone::utc();
  std::chrono::sys_days first;  // of the local calendar
  int days = 0;
  rules::Interval range;   // of all days
  base::Bytes memory = 0;  // of the cards together
  bool memory_assumed = false;
  std::vector<rules::Interval> open;    // by accept_during; merged, in order, clipped to the range
  std::vector<rules::Interval> taking;  // open without the stretches before an end in which nothing new begins
  std::vector<rules::Interval> claims;  // taking and not paused
  std::vector<Paused> paused;           // in the order of their starts; several may hold together
  std::vector<Budget> budget;           // one behind the other, the whole range; empty when nothing bounds
  std::vector<ClockChange> clock_changes;
  std::vector<std::string> apps_nobody_asks_about;
  std::string error;  // of the first function that failed
};

/// Programs and cards as they are wanted, nobody at the keyboard, mains power. Exact to the second where declarations
/// give the times; functions are asked every minute. Errors: kInvalid for the days.
base::Result<Outlook> look_ahead(PolicyRuntime& policy, const Wanted& wanted, base::WallTime now);

/// A calendar for a terminal, 100 columns wide. `coloured`: with the escapes of a terminal.
std::string to_text(const Outlook& outlook, bool coloured);

constexpr int kMostDrawnDays = 62;
/// The calendar as a picture on paper. Errors: kInvalid for more than kMostDrawnDays.
base::Result<std::string> to_svg(const Outlook& outlook);

}  // namespace policy::calendar_view
