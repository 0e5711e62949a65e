#pragma once
// Calendar: named windows and dates in one zone, and when claiming is open. Pure: the caller brings the time.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "policy/rules/place.h"
#include "policy/rules/quota/period.h"
#include "policy/rules/units.h"
#include "policy/rules/zone.h"

namespace policy::rules {

/// Half-open: `start` belongs to it, `end` does not.
struct Interval {
  base::WallTime start;
  base::WallTime end;
  bool contains(base::WallTime when) const { return start <= when && when < end; }
  bool operator==(const Interval&) const = default;
};

/// Joins what overlaps or touches.
std::vector<Interval> merged(std::vector<Interval> parts);
/// `from` without the time of `holes`; both merged.
std::vector<Interval> without(const std::vector<Interval>& from, const std::vector<Interval>& holes);
std::vector<Interval> cut_to(const std::vector<Interval>& intervals, const Interval& to);

/// Recurring; an occurrence belongs to the day on which it starts.
struct Window {
  std::string name;
  Place place;
  DaySet days = kEveryDay;              // on which an occurrence starts
  std::chrono::minutes from{};          // since the start of that day, by the clocks of the zone
  std::chrono::minutes until{};         // the same; beyond 24 h = a later day. Not used with `lasts`
  std::optional<base::Duration> lasts;  // elapsed time
};

struct DateSet {
  std::string name;
  Place place;
  std::vector<DateRange> ranges;
};

/// `accept_during`: names of windows and dates.
struct AcceptDuring {
  Place place;
  std::vector<std::string> names;
  std::vector<std::string> except;  // a window takes its time away; a date takes the occurrences that start on it
  base::Duration finish_before_end{};
};

/// Whether claiming is open, and over which time this answer holds.
struct Opening {
  bool open = false;
  Interval valid;
  std::string window;     // open: the window inside which we are; closed: the one that opens next, if any
  std::string closed_by;  // the exception that closes a window we would be inside of
  bool bounded = true;    // false: `valid.end` is only the horizon of the search
};

constexpr std::chrono::hours kLongestWindow{8 * 24};

class Calendar {
 public:
  explicit Calendar(Zone zone = Zone::machine()) : zone_(std::move(zone)) {}

  const Zone& zone() const { return zone_; }
  void set_zone(Zone zone) { zone_ = std::move(zone); }
  /// What needs the zone's clocks opens it, so that the first decision does not have to.
  void add(Window window);
  void add(DateSet dates);

  /// Where the name was declared.
  std::optional<Place> find(std::string_view name) const;
  std::vector<std::string_view> names() const;
  std::vector<Window> windows() const;
  const std::vector<DateSet>& dates() const { return dates_; }
  std::size_t size() const { return windows_.size() + dates_.size(); }

  /// Requires: the name is declared. Cached: one comparison while the answer holds.
  bool inside(std::string_view name, base::WallTime now);
  /// Until when that answer holds. Requires: as `inside`.
  base::WallTime holds_until(std::string_view name, base::WallTime now);
  bool is_window(std::string_view name) const { return find_window(name) != nullptr; }
  /// Requires: `per` is one of kCalendarPeriods or a window. Cached. Valid until the next call.
  const Period& period(std::string_view per, base::WallTime now);
  /// The starts of all periods that hold, in order, each once.
  std::vector<base::WallTime> period_starts(base::WallTime now);
  /// Requires: every name is declared. Not cached.
  Opening opening(const AcceptDuring& rule, base::WallTime now) const;
  /// When `opening` says open, merged, inside of the range. Requires: as there.
  std::vector<Interval> open_times(const AcceptDuring& rule, const Interval& range) const;
  /// What overlaps the range of a window's occurrences, of dates (one for each day), or of one of kCalendarPeriods.
  std::vector<Interval> times(std::string_view name, const Interval& range) const;

 private:
  struct Days {
    std::chrono::sys_days first;
    std::chrono::sys_days last;  // included
  };
  struct Entry {
    Window window;
    Interval valid;
    bool inside = false;
  };
  struct Occurrence {
    Interval when;
    std::string_view name;
  };
  /// The occurrences around a day that open, and those that close although they would open or lie over open ones.
  struct Around {
    std::vector<Occurrence> opens;
    std::vector<Occurrence> closes;
    std::vector<Interval> holes;
  };

  const Window* find_window(std::string_view name) const;
  const DateSet* find_dates(std::string_view name) const;
  std::optional<Interval> occurrence(const Window& window, std::chrono::sys_days day) const;
  static Days near(std::chrono::sys_days day);
  Days days_of(const Interval& range) const;
  /// Those of `name` that start on one of these days, in order.
  std::vector<Occurrence> occurrences(std::string_view name, const Days& reach) const;
  std::vector<Interval> periods_around(std::string_view per, const Days& reach) const;
  Period find_period(std::string_view per, base::WallTime now) const;
  Around around(const AcceptDuring& rule, const Days& reach) const;

  Zone zone_;
  std::vector<Entry> windows_;
  std::vector<DateSet> dates_;
  std::vector<std::pair<std::string, Period>> periods_;  // those that were asked for
};

}  // namespace policy::rules
