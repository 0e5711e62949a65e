// policy trace: decisions, pauses and reloads of the running worker, as they happen.

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <sys/signalfd.h>

#include <boost/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/paths.h"
#include "control/client.h"
#include "policy/records/record.h"
#include "policy/records/ring.h"
#include "policy/rules/zone.h"

namespace cli {
namespace {

namespace json = boost::json;

/// Ctrl-C ends a trace: that is how it is meant to end.
base::UniqueFd wait_for_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return base::UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string offer_line(const json::object& event) {
  const json::value* accepted = event.if_contains("accepted");
  const bool yes = accepted != nullptr && accepted->is_bool() && accepted->get_bool();
  std::array<char, 64> cost{};
  std::snprintf(cost.data(), cost.size(), "%.0f us, g%.0f", number_of(event, "took_us"),
                number_of(event, "generation"));
  std::string line = padded(yes ? "accepted" : "DECLINED", 10) + padded(text_of(event, "job"), 14) + "  " +
                     padded(text_of(event, "game") + " / " + text_of(event, "kind"), 26) + "  ";
  if (const auto rule = text_of(event, "rule"); !rule.empty()) line += rule + "  ";
  if (!yes) line += "\"" + text_of(event, "reason") + "\"  ";
  return line + "(" + cost.data() + ")";
}

std::string pause_line(const json::object& event) {
  std::string line = padded("paused", 10);
  const json::value* held = event.if_contains("held");
  if (held == nullptr || !held->is_array()) return line;
  bool first = true;
  for (const json::value& value : held->get_array()) {
    const json::object* one = value.if_object();
    if (one == nullptr) continue;
    line += (first ? "\"" : "; \"") + text_of(*one, "title") + "\" (" + text_of(*one, "action") + ")  " +
            text_of(*one, "rule") + "  " + text_of(*one, "why");
    first = false;
  }
  return line;
}

std::string line_of(const json::object& event) {
  const auto what = text_of(event, "event");
  if (what == "offer") return offer_line(event);
  if (what == "pause") return pause_line(event);
  if (what == "resume") return padded("resumed", 10) + "nothing pauses any more";
  if (what == "end") return padded("ended", 10) + "the worker ends";
  return padded(what, 10) + text_of(event, "text");
}

/// As the event of a running worker would be.
json::object event_of(const policy::records::DecisionRecord& record) {
  const job::Decision& decision = record.decision;
  return {{"event", "offer"},
          {"at", policy::records::format_time(record.facts.now)},
          {"job", record.offer.id.str()},
          {"game", record.offer.game.str()},
          {"kind", job::to_string(record.offer.kind)},
          {"accepted", decision.accepted},
          {"code", job::to_string(decision.code)},
          {"reason", decision.reason},
          {"rule", decision.rule},
          {"generation", decision.generation},
          {"took_us", std::chrono::duration<double, std::micro>(record.took).count()},
          {"recorded", true}};
}

class Printer {
 public:
  explicit Printer(bool as_json) : as_json_(as_json) {}

  /// Each line leaves at once: somebody watches.
  void print(const json::object& event) {
    if (as_json_) {
      std::puts(json::serialize(event).c_str());
    } else {
      const auto at = policy::records::parse_time(text_of(event, "at"));
      const auto when = at ? policy::rules::format_local(zone_, *at).substr(4) + seconds_of(*at) : std::string();
      std::printf("%s  %s\n", when.c_str(), line_of(event).c_str());
    }
    std::fflush(stdout);
  }

  /// The records of a folder from `since` to before `until`.
  void print_records(const std::filesystem::path& folder, base::WallTime since, base::WallTime until) {
    policy::records::for_each(folder, since, [&](const policy::records::DecisionRecord& record) {
      if (record.facts.now < until) print(event_of(record));
      return true;
    });
  }

 private:
  static std::string seconds_of(base::WallTime when) { return base::format_utc(when).substr(16, 3); }

  bool as_json_;
  policy::rules::Zone zone_ = policy::rules::Zone::machine();
};

/// Takes the lines of the worker: first what it keeps, then what happens.
class Follower {
 public:
  Follower(Printer& printer, std::filesystem::path records, std::optional<base::WallTime> since)
      : printer_(printer), records_(std::move(records)), since_(since) {}

  bool take(std::string_view line) {
    boost::system::error_code failure;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), failure);
    const json::object* event = failure ? nullptr : value.if_object();
    if (event == nullptr) return true;
    if (!std::exchange(opened_, true)) {
      // What was decided before the first event that the worker keeps is in the records alone.
      const auto kept = policy::records::parse_time(text_of(*event, "since"));
      if (since_ && kept) printer_.print_records(records_, *since_, *kept);
      return true;
    }
    const auto at = policy::records::parse_time(text_of(*event, "at"));
    if (!since_ || !at || *at >= *since_) printer_.print(*event);
    return text_of(*event, "event") != "end";
  }
  bool opened() const { return opened_; }

 private:
  Printer& printer_;
  std::filesystem::path records_;
  std::optional<base::WallTime> since_;
  bool opened_ = false;
};

}  // namespace

Outcome trace_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto records = policy::records::folder_in(config::policy_data_folder(loaded.settings.state_folder));
  const auto socket = control::socket_path(loaded.settings.runtime_folder, loaded.settings.config_file);
  std::optional<base::WallTime> since;
  if (invocation.since) since = base::make_system_clock()->wall_now() - *invocation.since;
  const auto signals = wait_for_signals();
  Printer printer(invocation.json);
  Follower follower(printer, records, since);
  const json::object request{{"command", "policy trace"}, {"kept", since.has_value()}};
  const auto ended = control::follow(socket, json::serialize(request), signals.get(),
                                     [&](std::string_view line) { return follower.take(line); });
  if (ended) return config::kExitOk;
  if (ended.error().code == base::Code::kUnavailable && follower.opened()) {
    return fail(config::kExitNotRunning, "the worker ended without a word: it was killed, or it crashed");
  }
  if (ended.error().code != base::Code::kNotFound) return fail(config::kExitFailed, ended.error().message);
  if (!since) return fail(config::kExitNotRunning, ended.error().message + "; start it with: studio-worker run");
  printer.print_records(records, *since, base::WallTime::max());
  std::fprintf(stderr, "no worker is running for this configuration: these are its records\n");
  return config::kExitOk;
}

}  // namespace cli
