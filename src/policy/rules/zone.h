#pragma once
// Zone: an IANA time zone of the system's tzdata; local wall-clock times to instants and back.

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace date {
class time_zone;
}

namespace policy::rules {

class Zone {
 public:
  /// Errors: kNotFound with the nearest name.
  static base::Result<Zone> find(std::string_view name);
  /// The machine's own zone; UTC when it has none. Known by name alone until somebody asks for a time: the database of
  /// the system takes two milliseconds to open.
  static Zone machine();
  /// Needs no database.
  static Zone utc() { return {nullptr, "UTC"}; }

  const std::string& name() const { return name_; }
  /// Opens the database now, and not at the first question.
  void open() const { static_cast<void>(zone()); }

  /// The instant at which the zone's clocks first show `day` plus `time`: the first occurrence of a doubled time, the
  /// first instant after the gap for a missing one. `time` may exceed a day.
  base::WallTime instant(std::chrono::sys_days day, std::chrono::minutes time) const;

  /// What the zone's clocks show at `when`, as a time since the epoch of the local calendar.
  std::chrono::sys_seconds local(base::WallTime when) const;

 private:
  Zone(const date::time_zone* zone, std::string name, bool opened = true)
      : zone_(zone), opened_(opened), name_(std::move(name)) {}
  const date::time_zone* zone() const;

  mutable const date::time_zone* zone_;  // of the process-wide database; nullptr = UTC without a database
  mutable bool opened_;
  std::string name_;
};

/// "tue 2026-03-24 22:00", as the zone's clocks show it.
std::string format_local(const Zone& zone, base::WallTime when);

}  // namespace policy::rules
