#pragma once
// Written values of a policy: sizes, spans, times of day, weekdays, dates. Text in, number or a clear error out.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace policy::rules {

/// "12GiB", "512MiB", "9.5GiB". A unit is required.
base::Result<base::Bytes> parse_size(std::string_view text);

/// "40%": a whole number from 1 to 100.
base::Result<unsigned> parse_percent(std::string_view text);

/// "83C", in degrees Celsius. A unit is required.
base::Result<double> parse_temperature(std::string_view text);

/// "20m", "90s", "1h30m", "2d". A unit is required.
base::Result<base::Duration> parse_span(std::string_view text);

/// "15m", "1h30m", "2d": what `parse_span` reads; whole seconds.
std::string format_span(base::Duration span);
/// "60/min", "10/s", "1000/h", "5/d": a whole number, at least 1.
struct Rate {
  std::uint64_t count = 0;
  base::Duration per{};
};
base::Result<Rate> parse_rate(std::string_view text);

/// A time of day with an optional weekday in front: "22:00", "fri 20:00". "24:00" is the end of the day.
struct DayTime {
  std::optional<unsigned> weekday;  // 0 = Sunday
  std::chrono::minutes time{};
};
base::Result<DayTime> parse_day_time(std::string_view text);

/// One bit per weekday, bit 0 = Sunday: "mon-fri", "sat,sun", "fri-mon".
using DaySet = std::uint8_t;
constexpr DaySet kEveryDay = 0x7F;
base::Result<DaySet> parse_days(std::string_view text);

struct DateRange {
  std::chrono::sys_days first;
  std::chrono::sys_days last;  // included
};
/// "2026-12-24" or "2026-12-24 .. 2027-01-02".
base::Result<DateRange> parse_dates(std::string_view text);

}  // namespace policy::rules
