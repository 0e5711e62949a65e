#include "policy/inspect.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/log.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/zone.h"

namespace policy {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    lines.push_back(base::log::printable(text.substr(from, end - from)));
    from = end + 1;
  }
  return lines;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

/// A calendar date that exists and a time of day, with what follows them. Seconds are optional.
struct WrittenTime {
  std::chrono::sys_days day;
  std::chrono::seconds time;
  std::string rest;
};

std::optional<WrittenTime> read_written_time(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int used = 0;
  char mark = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2u%c%2d:%2d%n", &year, &month, &day, &mark, &hour, &minute, &used) != 6) {
    return std::nullopt;
  }
  int more = 0;
  if (std::sscanf(text.c_str() + used, ":%2d%n", &second, &more) == 1) used += more;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  // Instants are nanoseconds in 64 bits, which end in 2262.
  const bool sane = date.ok() && year >= 1970 && year < 2262 && (mark == ' ' || mark == 'T') && hour >= 0 &&
                    hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  if (!sane) return std::nullopt;
  return WrittenTime{std::chrono::sys_days(date),
                     std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second),
                     text.substr(static_cast<std::size_t>(used))};
}

/// "Z", "+02:00" or "-0330" as an offset from UTC.
std::optional<std::chrono::minutes> read_offset(const std::string& text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  int hours = 0;
  int minutes = 0;
  int used = 0;
  char sign = 0;
  const bool read = std::sscanf(text.c_str(), "%c%2d:%2d%n", &sign, &hours, &minutes, &used) == 3 ||
                    std::sscanf(text.c_str(), "%c%2d%2d%n", &sign, &hours, &minutes, &used) == 3;
  if (!read || static_cast<std::size_t>(used) != text.size() || (sign != '+' && sign != '-') || hours > 14 ||
      minutes > 59) {
    return std::nullopt;
  }
  const std::chrono::minutes offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return sign == '-' ? -offset : offset;
}

}  // namespace

base::Result<base::WallTime> parse_time(const std::filesystem::path& path, const std::string& text) {
  const base::Error invalid{
      base::Code::kInvalid,
      "\"" + base::log::printable(text, 60) + "\" is no time; write 2026-03-25T01:12:00Z or '2026-03-25 01:12'"};
  const auto written = read_written_time(text);
  if (!written) return invalid;
  if (!written->rest.empty()) {
    const auto offset = read_offset(written->rest);
    if (!offset) return invalid;
    return base::WallTime(written->day + written->time - *offset);
  }
  std::string zone_name;
  if (!path.empty()) {
    TRY(const auto runtime, open_policy(path));
    zone_name = runtime->summary().zone;
  }
  auto zone = zone_name.empty() ? base::Result<rules::Zone>(rules::Zone::machine()) : rules::Zone::find(zone_name);
  if (!zone) return std::move(zone).error();
  const auto minutes = std::chrono::floor<std::chrono::minutes>(written->time);
  return zone->instant(written->day, minutes) + (written->time - minutes);
}

base::Result<std::unique_ptr<PolicyRuntime>> open_policy(const std::filesystem::path& path, RuntimeOptions options) {
  TRY(auto files, read_sources(path));
  return PolicyRuntime::load(std::move(files), options);
}

base::Result<CheckReport> check(const std::filesystem::path& path) {
  TRY(auto files, read_sources(path));
  CheckReport report;
  const auto runtime = PolicyRuntime::load(std::move(files));
  if (runtime)
    report.summary = (*runtime)->summary();
  else
    report.errors = lines_of(runtime.error().message);
  return report;
}

base::Result<Explanation> explain(const std::filesystem::path& path, const job::Offer& offer, const job::Facts& facts) {
  TRY(const auto runtime, open_policy(path));
  Explanation explanation;
  // The first decision compiles nothing but touches everything once; the second one is what the daemon takes.
  static_cast<void>(runtime->decide(offer, facts));
  const auto start = std::chrono::steady_clock::now();
  static_cast<void>(runtime->decide(offer, facts));
  explanation.took = std::chrono::steady_clock::now() - start;
  auto verdict = runtime->decide(offer, facts, true);
  explanation.decision = std::move(verdict.decision);
  explanation.decision.reason = base::log::printable(explanation.decision.reason);
  for (job::TraceLine& line : explanation.decision.trace) line.text = base::log::printable(line.text);
  explanation.error = base::log::printable(verdict.error);
  explanation.instructions = verdict.instructions;
  explanation.local_time = runtime->local_time(facts.now);
  return explanation;
}

std::string to_text(const job::Offer& offer, const Explanation& explanation) {
  const job::Decision& decision = explanation.decision;
  std::string text = "offer " + base::log::printable(offer.id.str()) + "  " + base::log::printable(offer.game.str()) +
                     " / " + std::string(job::to_string(offer.kind)) + "  vram " +
                     rules::format_size(job::vram_bytes(offer)) + "   " + explanation.local_time + "\n";
  std::size_t widest = 0;
  for (const job::TraceLine& line : decision.trace) widest = std::max(widest, line.rule.size());
  for (const job::TraceLine& line : decision.trace) {
    std::string vote(job::to_string(line.vote));
    if (line.vote == job::Vote::kDecline) vote = "DECLINE";
    text += "  " + padded(vote, 12) + padded(line.rule, widest + 2) + line.text + "\n";
  }
  if (decision.trace.empty()) text += "  no rule applies\n";
  text += decision.accepted ? "-> accepted" : "-> declined \"" + decision.reason + "\"";
  std::array<char, 80> cost{};
  std::snprintf(cost.data(), cost.size(), "      %.1f us, %llu instructions\n",
                static_cast<double>(explanation.took.count()) / 1000,
                static_cast<unsigned long long>(explanation.instructions));
  return text + cost.data();
}

}  // namespace policy
