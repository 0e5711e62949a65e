#include <algorithm>
#include <utility>

#include "base/log.h"
#include "policy/calendar_view/intervals.h"
#include "policy/calendar_view/outlook.h"
#include "policy/rules/rule_set.h"

namespace policy::calendar_view {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::minutes kSlot{30};
constexpr int kSlots = 48;
constexpr std::size_t kIndent = 16;  // of the bars
constexpr std::size_t kMostTimes = 2;

/// A half hour in one character, and how a terminal shows it.
struct Cell {
  char plain;
  const char* painted;
};
constexpr Cell kClaims{'#', "\x1b[32m█\x1b[0m"};
constexpr Cell kPaused{'=', "\x1b[33m▒\x1b[0m"};
constexpr Cell kFinishing{'-', "\x1b[36m░\x1b[0m"};
constexpr Cell kClosed{'.', "\x1b[2m·\x1b[0m"};
constexpr Cell kInPart{'+', "\x1b[32m▌\x1b[0m"};
constexpr Cell kMissing{' ', " "};

class Calendar {
 public:
  Calendar(const Outlook& outlook, bool coloured) : outlook_(outlook), coloured_(coloured), days_(days_of(outlook)) {}

  std::string text() {
    add_head();
    for (const Day& day : days_) add_day(day);
    text_ += "\n";
    add_paused();
    add_budget();
    add_totals();
    return text_;
  }

 private:
  std::string paint(const Cell& cell) const { return coloured_ ? cell.painted : std::string(1, cell.plain); }
  std::string strong(const std::string& words) const { return coloured_ ? "\x1b[1m" + words + "\x1b[0m" : words; }

  void add_head() {
    text_ += strong(outlook_.zone.name()) + "  " + date_text(outlook_, days_.front()) + " .. " +
             date_text(outlook_, days_.back()) + "\n" + std::string(kIndent, ' ') +
             "0     3     6     9     12    15    18    21    24\n";
  }

  const Cell& cell(const rules::Interval& slot) const {
    if (slot.start >= slot.end) return kMissing;
    const auto claims = rules::cut_to(outlook_.claims, slot);
    if (claims.size() == 1 && claims.front() == slot) return kClaims;
    if (!claims.empty()) return kInPart;
    if (!rules::cut_to(outlook_.taking, slot).empty()) return kPaused;
    return rules::cut_to(outlook_.open, slot).empty() ? kClosed : kFinishing;
  }

  void add_day(const Day& day) {
    text_ += strong(date_text(outlook_, day)) + "  ";
    const auto at = [&](int slot) { return outlook_.zone.instant(day.date, slot * kSlot); };
    for (int slot = 0; slot < kSlots; ++slot) text_ += paint(cell({at(slot), at(slot + 1)}));
    const auto claims = rules::cut_to(outlook_.claims, day.whole);
    const auto minutes = minutes_in(claims);
    const auto hours = std::to_string(minutes / 60) + ":" + std::to_string(minutes % 60 + 100).substr(1);
    text_ += std::string(7 - hours.size(), ' ') + hours + " h";
    for (std::size_t i = 0; i < std::min(claims.size(), kMostTimes); ++i) {
      text_ += " " + time_of_day(outlook_, claims[i].start, day) + "-" + time_of_day(outlook_, claims[i].end, day);
    }
    if (claims.size() > kMostTimes) text_ += " +" + std::to_string(claims.size() - kMostTimes);
    while (text_.back() == ' ') text_.pop_back();
    text_ += "\n";
    if (const auto clocks = clock_text(outlook_, day); !clocks.empty()) {
      text_ += std::string(kIndent, ' ') + clocks + "\n";
    }
  }

  void add_paused() {
    for (const PausedTimes& one : times_by_rule(outlook_)) {
      text_ += "paused   \"" + base::log::printable(one.title, 60) + "\"  " + one.rule + "\n         " +
               one.first_times(outlook_.days > 7 ? 2 : 4, "  ") + "\n";
    }
  }

  std::string budget_of(const Day& day) const {
    std::string text;
    for (const Budget& one : outlook_.budget) {
      const auto part = rules::cut_to({one.when}, day.whole);
      if (part.empty()) continue;
      const auto size = one.bytes ? rules::format_size(*one.bytes) : std::string("all");
      text += (text.empty() ? "" : "  ") + time_of_day(outlook_, part.front().start, day) + " " + size;
    }
    return text;
  }

  /// Days that follow each other and are the same share a line.
  void add_budget() {
    if (outlook_.budget.empty()) return;
    text_ += "memory   of " + rules::format_size(outlook_.memory) +
             (outlook_.memory_assumed ? " (assumed: this machine's cards are not known; see --vram)" : "") + "\n";
    constexpr std::size_t kMostLines = 14;
    std::size_t lines = 0;
    for (auto day = days_.begin(); day != days_.end() && lines < kMostLines; ++lines) {
      const auto budget = budget_of(*day);
      const auto end = std::find_if(day, days_.end(), [&](const Day& other) { return budget_of(other) != budget; });
      std::string name = days_name(*day, *(end - 1));
      name.resize(std::max<std::size_t>(name.size(), outlook_.days > 7 ? 24 : 7), ' ');
      text_ += "         " + name + "  " + budget + "\n";
      day = end;
    }
    if (lines == kMostLines) text_ += "         ...\n";
    std::string rules;
    for (const Budget& one : outlook_.budget) {
      if (!one.rule.empty() && rules.find(one.rule) == std::string::npos)
        rules += (rules.empty() ? "" : ", ") + one.rule;
    }
    text_ += "         by " + rules + "\n";
  }

  std::string days_name(const Day& first, const Day& last) const {
    const std::size_t named = outlook_.days > 7 ? 14 : 3;
    const auto from = date_text(outlook_, first).substr(outlook_.days > 7 ? 4 : 0, named);
    const auto to = date_text(outlook_, last).substr(outlook_.days > 7 ? 4 : 0, named);
    return from == to ? from : from + (named == 3 ? "-" : " .. ") + to;
  }

  void add_totals() {
    const auto all = minutes_in({outlook_.range});
    const auto open = minutes_in(outlook_.open);
    const auto taking = minutes_in(outlook_.taking);
    const auto claims = minutes_in(outlook_.claims);
    text_ += paint(kClaims) + " claims  " + paint(kPaused) + " paused  ";
    if (taking != open) text_ += paint(kFinishing) + " too close to an end  ";
    text_ += paint(kClosed) + " closed  " + paint(kInPart) + " in part\n";
    text_ += strong("open in " + std::to_string(open) + " of " + std::to_string(all) + " minutes (" +
                    std::to_string((100 * open + all / 2) / all) + " %)") +
             ", claims for " + hours_text(claims);
    if (outlook_.days > 7) text_ += ", " + hours_text(claims * 7 / outlook_.days) + " a week";
    if (claims != open) text_ += "\n    the rest: ";
    if (claims != taking) text_ += hours_text(taking - claims) + " paused";
    if (claims != taking && taking != open) text_ += ", ";
    if (taking != open) text_ += hours_text(open - taking) + " too close to an end";
    text_ += "\n";
  }

  const Outlook& outlook_;
  bool coloured_;
  std::vector<Day> days_;
  std::string text_;
};

}  // namespace

std::string to_text(const Outlook& outlook, bool coloured) {
  return Calendar(outlook, coloured).text();
}

}  // namespace policy::calendar_view
