#include <algorithm>
#include <cctype>

#include "base/log.h"
#include "policy/calendar_view/outlook.h"

namespace policy::calendar_view {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

/// "9", "14" or "14:30", to 24:00.
std::optional<std::chrono::minutes> parse_clock(std::string_view text) {
  std::string whole(text);
  if (whole.find(':') == std::string::npos) whole += ":00";
  if (whole.find(':') == 1) whole.insert(0, "0");
  const auto time = rules::parse_day_time(whole);
  if (!time || time->weekday) return std::nullopt;
  return time->time;
}

}  // namespace

base::Result<Visit> parse_visit(std::string_view text) {
  const base::Error invalid{base::Code::kInvalid, "\"" + base::log::printable(text, 60) +
                                                      "\" is no program at a time; write it as maya@tue14-17 or "
                                                      "'maya@mon-fri 9:30-18:00'"};
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at == 0) return invalid;
  const auto when = text.substr(at + 1);
  const auto digit = std::find_if(when.begin(), when.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  const auto split = static_cast<std::size_t>(digit - when.begin());
  const auto days = rules::parse_days(trimmed(when.substr(0, split)));
  const auto times = when.substr(split);
  const auto dash = times.find('-');
  if (!days || dash == std::string_view::npos) return invalid;
  const auto from = parse_clock(trimmed(times.substr(0, dash)));
  const auto until = parse_clock(trimmed(times.substr(dash + 1)));
  if (!from || !until || *from == *until) return invalid;
  return Visit{std::string(text.substr(0, at)), *days, *from, *until};
}

}  // namespace policy::calendar_view
