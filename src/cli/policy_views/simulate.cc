// policy simulate: a calendar of what a policy will do, as text, JSON and a picture.

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "machine/sensors.h"
#include "policy/calendar_view/intervals.h"
#include "policy/calendar_view/outlook.h"
#include "policy/inspect.h"

namespace cli {
namespace {

namespace json = boost::json;
namespace view = policy::calendar_view;

std::string whole_seconds(base::WallTime when) {
  return base::format_utc(when).substr(0, 19) + "Z";
}

json::array json_of(const view::Intervals& intervals) {
  json::array list;
  for (const auto& part : intervals) list.push_back(json::array{whole_seconds(part.start), whole_seconds(part.end)});
  return list;
}

std::string json_of(const view::Outlook& outlook) {
  json::array paused;
  for (const auto& one : outlook.paused) {
    paused.push_back(json::array{whole_seconds(one.when.start), whole_seconds(one.when.end), one.title, one.rule});
  }
  json::array budget;
  for (const auto& one : outlook.budget) {
    const json::value bytes = one.bytes ? json::value(*one.bytes) : json::value(nullptr);
    budget.push_back(json::array{whole_seconds(one.when.start), whole_seconds(one.when.end), bytes, one.rule});
  }
  json::array marks;
  for (const auto& change : outlook.clock_changes) {
    marks.push_back(json::object{{"at", whole_seconds(change.at)}, {"minutes", change.by.count()}});
  }
  return json::serialize(
      json::object{{"zone", outlook.zone.name()},
                   {"from", whole_seconds(base::WallTime(outlook.first)).substr(0, 10)},
                   {"days", outlook.days},
                   {"minutes", view::minutes_in({outlook.range})},
                   {"open_minutes", view::minutes_in(outlook.open)},
                   {"claim_minutes", view::minutes_in(outlook.claims)},
                   {"open", json_of(outlook.open)},
                   {"claims", json_of(outlook.claims)},
                   {"paused", std::move(paused)},
                   {"memory", json::object{{"bytes", outlook.memory}, {"assumed", outlook.memory_assumed}}},
                   {"budget", std::move(budget)},
                   {"marks", std::move(marks)},
                   {"error", outlook.error}});
}

base::Result<view::Wanted> read_wanted(const config::Invocation& invocation) {
  view::Wanted wanted{.from = invocation.from, .whole_week = invocation.whole_week, .days = invocation.days};
  for (const auto& text : invocation.apps) {
    TRY(auto visit, view::parse_visit(text));
    wanted.visits.push_back(std::move(visit));
  }
  if (invocation.vram) {
    auto memory = policy::rules::parse_size(*invocation.vram);
    if (!memory)
      return std::move(memory).error().within("--vram \"" + base::log::printable(*invocation.vram, 60) + "\"");
    wanted.cards.push_back({.name = "GPU 0", .total = *memory});
  } else {
    wanted.cards = machine::make_sensors()->probe_gpus();
  }
  return wanted;
}

void warn(const view::Outlook& outlook) {
  for (const auto& app : outlook.apps_nobody_asks_about) {
    std::fprintf(stderr, "warning: no pause_when names a program like \"%s\"; `policy describe` lists those that do\n",
                 base::log::printable(app, 60).c_str());
  }
  if (!outlook.error.empty()) std::fprintf(stderr, "warning: policy error: %s\n", outlook.error.c_str());
}

/// A file that everybody may read: it is meant to be shown around.
base::Status draw(const view::Outlook& outlook, const std::filesystem::path& path) {
  TRY(const auto picture, view::to_svg(outlook));
  return base::write_file_atomically(path, picture, 0644);
}

bool is_coloured_terminal() {
  return std::getenv("NO_COLOR") == nullptr && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace

Outcome simulate_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto& path = loaded.settings.policy;
  if (path.empty()) return fail(config::kExitUsage, kNoPolicy);
  const auto wanted = read_wanted(invocation);
  if (!wanted) return fail(config::kExitUsage, wanted.error().message);
  const auto runtime = policy::open_policy(path);
  if (!runtime) return fail(config::kExitFailed, runtime.error().message);
  const auto outlook = view::look_ahead(**runtime, *wanted, base::make_system_clock()->wall_now());
  if (!outlook) return fail(config::kExitUsage, outlook.error().message);
  warn(*outlook);
  if (!invocation.svg.empty()) {
    if (const auto drawn = draw(*outlook, invocation.svg); !drawn) {
      const bool asked_too_much = drawn.error().code == base::Code::kInvalid;
      return fail(asked_too_much ? config::kExitUsage : config::kExitFailed, drawn.error().message);
    }
  }
  if (invocation.json) {
    std::puts(json_of(*outlook).c_str());
    return config::kExitOk;
  }
  std::fputs(view::to_text(*outlook, is_coloured_terminal()).c_str(), stdout);
  if (!invocation.svg.empty()) std::printf("drawn: %s\n", base::log::printable(invocation.svg.string()).c_str());
  return config::kExitOk;
}

}  // namespace cli
