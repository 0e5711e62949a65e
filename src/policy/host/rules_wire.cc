#include "policy/host/rules_wire.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "policy/host/wire/log_wire.h"

namespace policy::host {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxEntries = 100'000;
constexpr std::chrono::minutes kLastUntil = 24h + rules::kLongestWindow;
constexpr auto kFirstDay = std::chrono::sys_days(std::chrono::year(1900) / 1 / 1);
constexpr auto kLastDay = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
constexpr base::Duration kLongestTime = 366 * 24h;

template <class Value>
Value within(Reader& in, Value value, Value least, Value most) {
  if (value < least || value > most) in.reject();
  return std::clamp(value, least, most);
}

std::chrono::minutes read_minutes(Reader& in, std::chrono::minutes most) {
  const std::chrono::minutes value(static_cast<std::int64_t>(in.number()));
  return within(in, value, 0min, most);
}

void write_day(Writer& out, std::chrono::sys_days day) {
  out.number(static_cast<std::uint64_t>(day.time_since_epoch().count()));
}
std::chrono::sys_days read_day(Reader& in) {
  const auto count = static_cast<std::int64_t>(in.number());
  return std::chrono::sys_days(std::chrono::days(within(in, count, std::int64_t{kFirstDay.time_since_epoch().count()},
                                                        std::int64_t{kLastDay.time_since_epoch().count()})));
}

void write(Writer& out, const rules::Place& place) {
  write_place(out, place);
}

void write(Writer& out, const std::vector<std::string>& texts) {
  out.number(texts.size());
  for (const std::string& text : texts) out.text(text);
}
std::vector<std::string> read_texts(Reader& in) {
  std::vector<std::string> texts;
  const auto count = in.count(kMaxEntries);
  for (std::size_t i = 0; i < count && !in.bad(); ++i) texts.push_back(in.text());
  return texts;
}

void write(Writer& out, const std::vector<std::uint32_t>& cards) {
  out.number(cards.size());
  for (const std::uint32_t card : cards) out.number(card);
}
std::vector<std::uint32_t> read_cards(Reader& in) {
  std::vector<std::uint32_t> cards;
  const auto count = in.count(kMaxEntries);
  for (std::size_t i = 0; i < count && !in.bad(); ++i) {
    cards.push_back(static_cast<std::uint32_t>(in.count(std::numeric_limits<std::uint32_t>::max())));
  }
  return cards;
}

void write(Writer& out, const rules::Calendar& calendar) {
  out.text(calendar.zone().name());
  const auto windows = calendar.windows();
  out.number(windows.size());
  for (const rules::Window& window : windows) {
    out.text(window.name);
    write(out, window.place);
    out.byte(window.days);
    out.number(static_cast<std::uint64_t>(window.from.count()));
    out.number(static_cast<std::uint64_t>(window.until.count()));
    out.optional(window.lasts);
  }
  out.number(calendar.dates().size());
  for (const rules::DateSet& dates : calendar.dates()) {
    out.text(dates.name);
    write(out, dates.place);
    out.number(dates.ranges.size());
    for (const rules::DateRange& range : dates.ranges) {
      write_day(out, range.first);
      write_day(out, range.last);
    }
  }
}

rules::Window read_window(Reader& in) {
  rules::Window window;
  window.name = in.text();
  window.place = read_place(in);
  window.days = in.below(rules::kEveryDay + 1);
  window.from = read_minutes(in, 24h);
  window.until = read_minutes(in, kLastUntil);
  window.lasts = in.optional<base::Duration>();
  if (window.lasts) window.lasts = within<base::Duration>(in, *window.lasts, 1ns, rules::kLongestWindow);
  return window;
}

rules::DateSet read_dates(Reader& in) {
  rules::DateSet dates;
  dates.name = in.text();
  dates.place = read_place(in);
  const auto ranges = in.count(kMaxEntries);
  for (std::size_t i = 0; i < ranges && !in.bad(); ++i) {
    const auto first = read_day(in);
    dates.ranges.push_back({first, read_day(in)});
  }
  return dates;
}

rules::Calendar read_calendar(Reader& in) {
  const std::string name = in.text();
  auto machine = rules::Zone::machine();
  auto zone = name == machine.name()              ? base::Result<rules::Zone>(std::move(machine))
              : name == rules::Zone::utc().name() ? rules::Zone::utc()
                                                  : rules::Zone::find(name);
  if (!zone) in.reject();
  rules::Calendar calendar(zone ? *zone : rules::Zone::utc());
  const auto windows = in.count(kMaxEntries);
  for (std::size_t i = 0; i < windows && !in.bad(); ++i) calendar.add(read_window(in));
  const auto dates = in.count(kMaxEntries);
  for (std::size_t i = 0; i < dates && !in.bad(); ++i) calendar.add(read_dates(in));
  return calendar;
}

rules::AcceptDuring read_accept_during(Reader& in, const rules::Calendar& calendar) {
  rules::AcceptDuring rule;
  rule.place = read_place(in);
  rule.names = read_texts(in);
  rule.except = read_texts(in);
  rule.finish_before_end = within<base::Duration>(in, in.time(), 0ns, 24h);
  const auto unknown = [&](const std::string& name) { return !calendar.find(name); };
  if (std::any_of(rule.names.begin(), rule.names.end(), unknown)) in.reject();
  if (std::any_of(rule.except.begin(), rule.except.end(), unknown)) in.reject();
  return rule;
}

void write(Writer& out, const rules::GameRule& rule) {
  out.text(rule.pattern);
  write(out, rule.place);
  out.flag(rule.accept);
  out.number(rule.kinds.size());
  for (const job::Kind kind : rule.kinds) out.byte(static_cast<std::uint8_t>(kind));
  write(out, rule.models);
  out.optional(rule.max_vram);
  out.optional(rule.max_time);
  out.text(rule.reason);
  out.flag(rule.quota.has_value());
  if (!rule.quota) return;
  out.optional(rule.quota->jobs);
  out.optional(rule.quota->gpu_time);
  out.text(rule.quota->per);
}

rules::Quota read_quota(Reader& in, const rules::Calendar& calendar) {
  rules::Quota quota;
  quota.jobs = in.optional<std::uint64_t>();
  quota.gpu_time = in.optional<base::Duration>();
  quota.per = in.text();
  if (!quota.jobs && !quota.gpu_time) in.reject();
  if (quota.jobs == 0U) in.reject();
  if (quota.gpu_time) quota.gpu_time = within<base::Duration>(in, *quota.gpu_time, 1ns, kLongestTime);
  const auto& known = rules::kCalendarPeriods;
  if (std::find(known.begin(), known.end(), quota.per) == known.end() && !calendar.is_window(quota.per)) in.reject();
  return quota;
}

rules::GameRule read_game(Reader& in, const rules::Calendar& calendar) {
  rules::GameRule rule;
  rule.pattern = in.text();
  rule.place = read_place(in);
  rule.accept = in.flag();
  const auto kinds = in.count(kMaxEntries);
  for (std::size_t i = 0; i < kinds && !in.bad(); ++i) {
    rule.kinds.push_back(static_cast<job::Kind>(in.below(job::kAllKinds.size())));
  }
  rule.models = read_texts(in);
  rule.max_vram = in.optional<base::Bytes>();
  rule.max_time = in.optional<base::Duration>();
  if (rule.max_time) rule.max_time = within<base::Duration>(in, *rule.max_time, 0ns, kLongestTime);
  rule.reason = in.text();
  if (in.flag()) rule.quota = read_quota(in, calendar);
  return rule;
}

void write(Writer& out, const rules::VramRule& rule) {
  write(out, rule.place);
  out.optional(rule.keep_free);
  out.optional(rule.at_most);
  out.optional(rule.at_most_percent);
  out.text(rule.during);
  write(out, rule.gpus);
}

rules::VramRule read_vram(Reader& in, const rules::Calendar& calendar) {
  rules::VramRule rule;
  rule.place = read_place(in);
  rule.keep_free = in.optional<base::Bytes>();
  rule.at_most = in.optional<base::Bytes>();
  rule.at_most_percent = in.optional<unsigned>();
  if (rule.at_most_percent.value_or(1) < 1 || rule.at_most_percent.value_or(1) > 100) in.reject();
  rule.during = in.text();
  if (!rule.during.empty() && !calendar.find(rule.during)) in.reject();
  rule.gpus = read_cards(in);
  return rule;
}

void write(Writer& out, const pause::PauseRule& rule) {
  out.text(rule.title);
  write(out, rule.place);
  write(out, rule.apps);
  out.flag(rule.foreign_gpu.has_value());
  if (rule.foreign_gpu) {
    out.number(rule.foreign_gpu->min_vram);
    write(out, rule.foreign_gpu->ignore);
  }
  out.optional(rule.user_active_within);
  out.flag(rule.on_battery.has_value());
  if (rule.on_battery) out.flag(*rule.on_battery);
  out.optional(rule.hotter_than);
  write(out, rule.during);
  write(out, rule.unless);
  write(out, rule.gpus);
  out.byte(static_cast<std::uint8_t>(rule.action));
  out.flag(rule.release_vram);
  out.time(rule.start_after);
  out.time(rule.resume_after);
  out.flag(rule.pause_if_unknown);
}

pause::PauseRule read_pause(Reader& in, const rules::Calendar& calendar) {
  pause::PauseRule rule;
  rule.title = in.text();
  rule.place = read_place(in);
  rule.apps = read_texts(in);
  if (in.flag()) {
    rule.foreign_gpu.emplace().min_vram = in.number();
    rule.foreign_gpu->ignore = read_texts(in);
  }
  rule.user_active_within = in.optional<base::Duration>();
  if (in.flag()) rule.on_battery = in.flag();
  rule.hotter_than = in.optional<double>();
  if (rule.hotter_than && !std::isfinite(*rule.hotter_than)) in.reject();
  rule.during = read_texts(in);
  rule.unless = read_texts(in);
  const auto unknown = [&](const std::string& name) { return !calendar.find(name); };
  if (std::any_of(rule.during.begin(), rule.during.end(), unknown)) in.reject();
  if (std::any_of(rule.unless.begin(), rule.unless.end(), unknown)) in.reject();
  rule.gpus = read_cards(in);
  rule.action = static_cast<pause::Action>(in.below(static_cast<std::uint8_t>(pause::Action::kReturn) + 1));
  rule.release_vram = in.flag();
  rule.start_after = within<base::Duration>(in, in.time(), 0ns, 24h);
  rule.resume_after = within<base::Duration>(in, in.time(), 0ns, 24h);
  rule.pause_if_unknown = in.flag();
  return rule;
}

}  // namespace

void write_place(Writer& out, const rules::Place& place) {
  out.text(place.file);
  out.number(static_cast<std::uint64_t>(place.line));
}
rules::Place read_place(Reader& in) {
  rules::Place place;
  place.file = in.text();
  place.line = static_cast<int>(in.count(std::numeric_limits<int>::max()));
  return place;
}

void write_rules(Writer& out, const rules::RuleSet& rules) {
  write(out, rules.calendar);
  out.flag(rules.zone_place.has_value());
  if (rules.zone_place) write(out, *rules.zone_place);
  out.flag(rules.accept_during.has_value());
  if (rules.accept_during) {
    write(out, rules.accept_during->place);
    write(out, rules.accept_during->names);
    write(out, rules.accept_during->except);
    out.time(rules.accept_during->finish_before_end);
  }
  out.number(rules.games.size());
  for (const rules::GameRule& rule : rules.games) write(out, rule);
  out.number(rules.vram.size());
  for (const rules::VramRule& rule : rules.vram) write(out, rule);
  out.number(rules.pauses.size());
  for (const pause::PauseRule& rule : rules.pauses) write(out, rule);
  write_log_rules(out, rules.logs);
}

rules::RuleSet read_rules(Reader& in) {
  rules::RuleSet rules(rules::Zone::utc());
  rules.calendar = read_calendar(in);
  if (in.flag()) rules.zone_place = read_place(in);
  if (in.flag()) rules.accept_during = read_accept_during(in, rules.calendar);
  const auto games = in.count(kMaxEntries);
  for (std::size_t i = 0; i < games && !in.bad(); ++i) rules.games.push_back(read_game(in, rules.calendar));
  const auto bounds = in.count(kMaxEntries);
  for (std::size_t i = 0; i < bounds && !in.bad(); ++i) rules.vram.push_back(read_vram(in, rules.calendar));
  const auto pauses = in.count(kMaxEntries);
  for (std::size_t i = 0; i < pauses && !in.bad(); ++i) rules.pauses.push_back(read_pause(in, rules.calendar));
  rules.logs = read_log_rules(in);
  return rules;
}

}  // namespace policy::host
