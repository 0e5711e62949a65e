// The calendar as a picture: no script, no font and no file but itself; names of times and days are text.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "base/log.h"
#include "policy/calendar_view/intervals.h"
#include "policy/calendar_view/outlook.h"
#include "policy/rules/rule_set.h"

namespace policy::calendar_view {
namespace {

using namespace std::chrono_literals;

// In pixels of the drawing.
constexpr double kWidth = 1180;
constexpr double kLeft = 190;  // of the bars
constexpr double kHour = 36;
constexpr double kRight = kLeft + 24 * kHour;
constexpr double kTop = 150;  // of the first day
constexpr double kBar = 34;
constexpr double kStrip = 24;       // of the memory, below the bar
constexpr double kGap = 22;         // to the next day
constexpr double kCharacter = 6.7;  // of the text in a bar, at most

constexpr std::string_view kFinishing = "rx=\"2\" fill=\"#ffffff\" stroke=\"#2b7a3f\" stroke-dasharray=\"3 2\"";

constexpr std::string_view kStyle = R"svg(<style>
text { font-family: "Segoe UI", "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; fill: #1f2933 }
.head { font-size: 25px; font-weight: 600 } .sub { font-size: 14px; fill: #52606d }
.day { font-size: 15px; font-weight: 600 } .date, .axis, .small { font-size: 12px; fill: #52606d }
.hours { font-size: 15px; font-weight: 600 } .note { font-size: 11px; fill: #8a4b00 }
.in { font-size: 12px; text-anchor: middle; paint-order: stroke; stroke: #ffffff; stroke-opacity: 0.75; stroke-width: 3px } .memory { font-size: 11px; fill: #1d3d66 }
.axis { text-anchor: middle }
</style>
<defs>
<pattern id="paused" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="8" height="8" fill="#fff1cf"/><rect width="3" height="8" fill="#f6d68a"/></pattern>
<pattern id="missing" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
<rect width="6" height="6" fill="#ffffff"/><rect width="1.2" height="6" fill="#9aa5b1"/></pattern>
</defs>
)svg";

constexpr std::array<const char*, 7> kDayNames = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};
constexpr std::array<const char*, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};

/// What an operator wrote, as text of a drawing.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : base::log::printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

/// At a character, not within one.
std::string shortened(const std::string& text, double width) {
  const auto most = static_cast<std::size_t>(std::max(0.0, width / kCharacter));
  if (text.size() <= most) return text;
  if (most < 4) return {};
  std::size_t end = most - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "\u2026";
}

std::string day_name(std::chrono::sys_days date) {
  return kDayNames.at(std::chrono::weekday(date).c_encoding());
}

std::string date_name(std::chrono::sys_days date) {
  const std::chrono::year_month_day day(date);
  return std::to_string(static_cast<unsigned>(day.day())) + " " + kMonths.at(static_cast<unsigned>(day.month()) - 1);
}

std::string year_of(std::chrono::sys_days date) {
  return std::to_string(static_cast<int>(std::chrono::year_month_day(date).year()));
}

class Drawing {
 public:
  explicit Drawing(const Outlook& outlook)
      : outlook_(outlook), days_(days_of(outlook)), pitch_(kBar + kGap + (outlook.budget.empty() ? 0 : kStrip + 4)) {}

  std::string svg() {
    double y = kTop;
    for (const Day& day : days_) {
      add_day(day, y);
      y += pitch_;
    }
    add_legend(y + 10);
    y += 44;
    add_reasons(y);
    return head(y + 16) + body_ + "</svg>\n";
  }

 private:
  std::string text(double x, double y, std::string_view kind, std::string_view words) const {
    return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=\"" + std::string(kind) + "\">" +
           escaped(words) + "</text>\n";
  }

  static std::string box(double x, double y, double width, double height, std::string_view look) {
    return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" +
           number(height) + "\" " + std::string(look) + "/>\n";
  }

  std::string head(double height) const {
    const auto all = minutes_in({outlook_.range});
    const auto claims = minutes_in(outlook_.claims);
    const auto last = days_.back().date;
    const std::string when = date_name(outlook_.first) + " to " + date_name(last) + " " + year_of(last);
    const std::string total = "claims " + hours_text(claims) + " of " + hours_text(all) + " (" +
                              std::to_string((100 * claims + all / 2) / all) + " %)";
    std::string result = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) + " " +
                         number(height) + "\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">" +
                         escaped("When this worker claims jobs, " + when) + "</title>\n<desc id=\"desc\">" +
                         escaped(description(total)) + "</desc>\n" + std::string(kStyle);
    result += box(0, 0, kWidth, height, "fill=\"#ffffff\"");
    result += text(40, 56, "head", "When this worker claims jobs");
    result += text(40, 82, "sub", when + "  \u00b7  " + outlook_.zone.name() + "  \u00b7  " + total);
    for (int hour = 0; hour <= 24; hour += 3) {
      result += text(kLeft + hour * kHour, kTop - 12, "axis", (hour < 10 ? "0" : "") + std::to_string(hour) + ":00");
    }
    return result;
  }

  std::string description(const std::string& total) const {
    std::string words = "A worker " + total + ".";
    for (const Day& day : days_) {
      words += " " + day_name(day.date) + ": ";
      const auto claims = rules::cut_to(outlook_.claims, day.whole);
      for (std::size_t i = 0; i < claims.size(); ++i) words += (i == 0 ? "" : ", ") + span(claims[i], day);
      words += claims.empty() ? "closed." : ".";
    }
    return words;
  }

  double x_of(base::WallTime when, const Day& day) const {
    if (when == day.whole.end) return kRight;
    const auto seconds = (outlook_.zone.local(when) - day.date).count();
    return kLeft + kHour * static_cast<double>(seconds) / 3600;
  }

  std::string span(const rules::Interval& part, const Day& day) const {
    return time_of_day(outlook_, part.start, day) + "\u2013" + time_of_day(outlook_, part.end, day);
  }

  /// A stretch of a bar with what it says, as far as there is room; all of it where a pointer rests.
  void add_stretch(const rules::Interval& part, const Day& day, double y, std::string_view look,
                   const std::string& title, const std::string& hint) {
    const double x = x_of(part.start, day);
    const double width = std::max(1.5, x_of(part.end, day) - x);
    const double middle = x + width / 2;
    body_ += "<g><title>" + escaped(day_name(day.date) + ": " + hint) + "</title>\n" + box(x, y, width, kBar, look);
    const auto times = span(part, day);
    const auto lines = [&](std::string_view upper, std::string_view lower) {
      body_ += text(middle, y + 15, "in", upper) + text(middle, y + 28, "in", lower);
    };
    const std::size_t dash = times.find("\u2013") + std::string_view("\u2013").size();
    const bool in_one_line = width > kCharacter * static_cast<double>(times.size() - 2);  // the dash is three bytes
    if (in_one_line && !title.empty())
      lines(shortened(title, width - 8), times);
    else if (in_one_line)
      body_ += text(middle, y + kBar / 2 + 4, "in", times);
    else if (width > 6 * kCharacter)
      lines(times.substr(0, dash), times.substr(dash));
    body_ += "</g>\n";
  }

  void add_day(const Day& day, double y) {
    body_ += text(40, y + 15, "day", day_name(day.date)) + text(40, y + 32, "date", date_name(day.date));
    body_ += box(kLeft, y, kRight - kLeft, kBar, "rx=\"3\" fill=\"#eef1f4\"");
    const auto claims = rules::cut_to(outlook_.claims, day.whole);
    for (const auto& part : claims) {
      add_stretch(part, day, y, "rx=\"3\" fill=\"#c9ead1\" stroke=\"#2b7a3f\"", "", "claims " + span(part, day));
    }
    for (const auto& part : rules::cut_to(rules::without(outlook_.open, outlook_.taking), day.whole)) {
      add_stretch(part, day, y, kFinishing, "", "no new job " + span(part, day) + ", too close to the end");
    }
    for (const Paused& one : outlook_.paused) {
      // Where nothing is claimed anyway nobody misses anything.
      for (const auto& part : rules::cut_to(rules::cut_to(outlook_.taking, one.when), day.whole)) {
        add_stretch(part, day, y, "rx=\"3\" fill=\"url(#paused)\" stroke=\"#b7791f\"", one.title,
                    "paused " + span(part, day) + ", " + one.title);
      }
    }
    for (int hour = 0; hour <= 24; hour += 3) {
      const auto x = number(kLeft + hour * kHour);
      body_ += "<path d=\"M" + x + " " + number(y - 4) + "v" + number(4) + "M" + x + " " + number(y + kBar) +
               "v4\" stroke=\"#9aa5b1\"/>\n";
    }
    body_ += text(kRight + 14, y + 21, "hours", hours_text(minutes_in(claims)));
    add_clock_change(day, y);
    add_memory(day, y + kBar + 4);
  }

  void add_clock_change(const Day& day, double y) {
    const auto words = clock_text(outlook_, day);
    if (words.empty()) return;
    body_ += text(40, y + 47, "note", words.substr(0, words.find(':', words.find(' '))));
    for (const ClockChange& change : outlook_.clock_changes) {
      if (!day.whole.contains(change.at) || change.by >= 24h) continue;
      const double after = x_of(change.at, day);
      const double width = kHour * static_cast<double>(change.by.count()) / 60;
      if (width > 0)
        body_ += box(std::max(kLeft, after - width), y, width, kBar, "fill=\"url(#missing)\" stroke=\"#9aa5b1\"");
      else
        body_ += box(after, y + 2, -width, kBar - 4, "fill=\"none\" stroke=\"#8a4b00\" stroke-dasharray=\"4 3\"");
    }
  }

  /// The higher, the more of the cards.
  void add_memory(const Day& day, double y) {
    for (const Budget& one : outlook_.budget) {
      for (const auto& part : rules::cut_to({one.when}, day.whole)) {
        const double share =
            one.bytes
                ? std::min(1.0, static_cast<double>(*one.bytes) / std::max(1.0, static_cast<double>(outlook_.memory)))
                : 1.0;
        const double x = x_of(part.start, day);
        const double width = std::max(1.0, x_of(part.end, day) - x);
        const double height = kStrip * share;
        const auto size = one.bytes ? rules::format_size(*one.bytes) : std::string("all of it");
        body_ += "<g><title>" + escaped(span(part, day) + ": jobs may use " + size + ", " + one.rule) + "</title>\n" +
                 box(x, y + kStrip - height, width, height, "fill=\"#dbe8f8\"") +
                 box(x, y + kStrip - height, width, 1.2, "fill=\"#4a7ab5\"");
        const auto fits = shortened(size, width - 4);
        // Above the line where there is no room below it.
        const double base = height >= 15 ? y + kStrip - 5 : y + kStrip - height - 4;
        if (fits == size) body_ += text(x + 5, base, "memory", size);
        body_ += "</g>\n";
      }
    }
  }

  void add_legend(double y) {
    double x = kLeft;
    const auto entry = [&](std::string_view look, const std::string& words) {
      body_ += box(x, y - 11, 22, 14, look) + text(x + 30, y, "small", words);
      x += 56 + kCharacter * static_cast<double>(words.size());
    };
    entry("rx=\"2\" fill=\"#c9ead1\" stroke=\"#2b7a3f\"", "claims jobs");
    if (!outlook_.paused.empty()) entry("rx=\"2\" fill=\"url(#paused)\" stroke=\"#b7791f\"", "open, but paused");
    if (outlook_.open != outlook_.taking) entry(kFinishing, "too close to an end");
    entry("rx=\"2\" fill=\"#eef1f4\"", "closed");
    if (!outlook_.budget.empty()) {
      entry("fill=\"#dbe8f8\"", "memory that jobs may use, of " + rules::format_size(outlook_.memory) +
                                    (outlook_.memory_assumed ? " (assumed)" : ""));
    }
  }

  /// Which rules pause, and when first; moves `y` below them.
  void add_reasons(double& y) {
    for (const PausedTimes& one : times_by_rule(outlook_)) {
      body_ += text(kLeft, y, "small",
                    "paused by \u201c" + one.title + "\u201d, " + one.rule + ":  " + one.first_times(8, ",  "));
      y += 18;
    }
  }

  const Outlook& outlook_;
  std::vector<Day> days_;
  double pitch_;
  std::string body_;
};

}  // namespace

base::Result<std::string> to_svg(const Outlook& outlook) {
  if (outlook.days > kMostDrawnDays) {
    return base::Error{base::Code::kInvalid, "a picture shows at most " + std::to_string(kMostDrawnDays) +
                                                 " days, not " + std::to_string(outlook.days)};
  }
  return Drawing(outlook).svg();
}

}  // namespace policy::calendar_view
