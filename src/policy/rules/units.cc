#include "policy/rules/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

#include "policy/names/name.h"
#include "policy/names/units.h"
#include "policy/names/words.h"
#include "policy/rules/nearest.h"

namespace policy::rules {
namespace {

using namespace std::chrono_literals;

constexpr double kLargestNumber = 1e6;  // keeps every product far inside 64 bits

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes a decimal number from the front of `text`.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || number > kLargestNumber) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// Takes the letters from the front of `text`.
std::string_view take_word(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length]) && text[length] != ' ' && text[length] != '\t') ++length;
  const auto word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

template <class Units>
base::Error bad_unit(std::string_view unit, std::string_view example, const Units& units) {
  if (unit.empty()) return invalid("a unit is missing: write it like '" + std::string(example) + "'");
  const auto known = names::spelled(units);
  if (nearest(unit, known).empty()) {
    // "min" for "m", "G" for "GiB".
    const auto meant = std::find_if(known.begin(), known.end(), [unit](std::string_view name) {
      return unit.starts_with(name) || name.starts_with(unit);
    });
    if (meant != known.end()) {
      return invalid("unknown unit '" + std::string(unit.substr(0, 100)) + "', did you mean '" + std::string(*meant) +
                     "'?");
    }
  }
  return invalid(unknown_name("unit", unit, known));
}

/// Exactly `digits` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

base::Result<unsigned> parse_weekday(std::string_view text) {
  for (unsigned i = 0; i < names::kWeekdays.size(); ++i) {
    if (names::kWeekdays.at(i) == text) return i;
  }
  return invalid(unknown_name("weekday", text, names::spelled(names::kWeekdays)));
}

base::Result<std::chrono::sys_days> parse_date(std::string_view text) {
  std::string_view rest = text;
  const auto year = take_digits(rest, 4);
  const bool first = take(rest, '-');
  const auto month = take_digits(rest, 2);
  const bool second = take(rest, '-');
  const auto day = take_digits(rest, 2);
  if (!year || !first || !month || !second || !day || !rest.empty()) {
    return invalid(quoted(text) + " is not a date: write it like '2026-12-24'");
  }
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return invalid(quoted(text) + " is not in the calendar");
  return std::chrono::sys_days(date);
}

}  // namespace

base::Result<base::Bytes> parse_size(std::string_view text) {
  std::string_view rest = trimmed(text);
  const auto number = take_number(rest);
  if (!number) return invalid(quoted(text) + " is not a size: write it like '12GiB'");
  rest = trimmed(rest);
  for (const auto& [unit, bytes] : names::kSizeUnits) {
    if (unit == rest) return static_cast<base::Bytes>(std::ceil(*number * static_cast<double>(bytes)));
  }
  return bad_unit(rest, "12GiB", names::kSizeUnits);
}

base::Result<unsigned> parse_percent(std::string_view text) {
  std::string_view rest = trimmed(text);
  const auto number = take_number(rest);
  const bool whole = number && *number == std::floor(*number) && *number >= 1 && *number <= 100;
  if (!whole || trimmed(rest) != "%") return invalid(quoted(text) + " is not a share: write it like '40%'");
  return static_cast<unsigned>(*number);
}

base::Result<double> parse_temperature(std::string_view text) {
  std::string_view rest = trimmed(text);
  const auto number = take_number(rest);
  if (!number || trimmed(rest) != "C" || *number > 1000) {
    return invalid(quoted(text) + " is not a temperature: write it in degrees Celsius like '83C'");
  }
  return *number;
}

base::Result<base::Duration> parse_span(std::string_view text) {
  std::string_view rest = trimmed(text);
  base::Duration total{};
  do {
    const auto number = take_number(rest);
    if (!number) return invalid(quoted(text) + " is not a span of time: write it like '20m'");
    rest = trimmed(rest);
    const auto word = take_word(rest);
    rest = trimmed(rest);
    const auto* unit = names::kSpanUnits.begin();
    while (unit != names::kSpanUnits.end() && unit->name != word) ++unit;
    if (unit == names::kSpanUnits.end()) return bad_unit(word, "20m", names::kSpanUnits);
    const double nanoseconds = *number * static_cast<double>(unit->value.count());
    if (nanoseconds > static_cast<double>(base::Duration(24h * 3650).count())) {
      return invalid(quoted(text) + " is longer than ten years");
    }
    total += base::Duration(std::llround(nanoseconds));
  } while (!rest.empty());
  return total;
}

base::Result<Rate> parse_rate(std::string_view text) {
  std::string_view rest = trimmed(text);
  const auto number = take_number(rest);
  const bool whole = number && *number == std::floor(*number) && *number >= 1;
  if (!whole || !take(rest, '/')) return invalid(quoted(text) + " is not a rate: write it like '60/min'");
  for (const auto& [unit, per] : names::kRateUnits) {
    if (unit == rest) return Rate{static_cast<std::uint64_t>(*number), per};
  }
  return bad_unit(rest, "60/min", names::kRateUnits);
}

base::Result<DayTime> parse_day_time(std::string_view text) {
  std::string_view rest = trimmed(text);
  DayTime result;
  if (!rest.empty() && !is_digit(rest.front())) {
    TRY(result.weekday, parse_weekday(take_word(rest)));
    rest = trimmed(rest);
  }
  const auto hour = take_digits(rest, 2);
  const bool colon = take(rest, ':');
  const auto minute = take_digits(rest, 2);
  if (!hour || !colon || !minute || !rest.empty()) {
    return invalid(quoted(text) + " is not a time of day: write it like '22:00' or 'fri 20:00'");
  }
  result.time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (*minute > 59 || result.time > 24h) return invalid(quoted(text) + " is later than 24:00");
  return result;
}

base::Result<DaySet> parse_days(std::string_view text) {
  DaySet days = 0;
  std::string_view rest = text;
  for (;;) {
    const auto comma = rest.find(',');
    const auto part = trimmed(rest.substr(0, comma));
    const auto dash = part.find('-');
    TRY(const unsigned first, parse_weekday(trimmed(part.substr(0, dash))));
    unsigned last = first;
    if (dash != std::string_view::npos) {
      TRY(last, parse_weekday(trimmed(part.substr(dash + 1))));
    }
    for (unsigned day = first;; day = (day + 1) % 7) {
      days = static_cast<DaySet>(days | 1U << day);
      if (day == last) break;
    }
    if (comma == std::string_view::npos) return days;
    rest.remove_prefix(comma + 1);
  }
}

base::Result<DateRange> parse_dates(std::string_view text) {
  const auto dots = text.find("..");
  TRY(const auto first, parse_date(trimmed(text.substr(0, dots))));
  if (dots == std::string_view::npos) return DateRange{first, first};
  TRY(const auto last, parse_date(trimmed(text.substr(dots + 2))));
  if (last < first) return invalid(quoted(text) + " ends before it starts");
  return DateRange{first, last};
}

std::string format_span(base::Duration span) {
  struct Unit {
    base::Duration size;
    char name;
  };
  std::string text;
  for (const auto& [size, name] : {Unit{24h, 'd'}, Unit{1h, 'h'}, Unit{1min, 'm'}, Unit{1s, 's'}}) {
    if (span < size) continue;
    text += std::to_string(span / size) + name;
    span %= size;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace policy::rules
