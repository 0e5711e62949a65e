#include "policy/rehearsal/instant.h"

#include <chrono>
#include <cstdio>
#include <optional>

#include "base/log.h"

namespace policy::rehearsal {
namespace {

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

base::Result<base::WallTime> parse_instant(const std::string& text,
                                           const std::function<base::Result<rules::Zone>()>& zone) {
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
  TRY(const auto local, zone());
  const auto minutes = std::chrono::floor<std::chrono::minutes>(written->time);
  return local.instant(written->day, minutes) + (written->time - minutes);
}

}  // namespace policy::rehearsal
