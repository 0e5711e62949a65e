#include "policy/rules/zone.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <date/tz.h>
#include <exception>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "policy/rules/nearest.h"

namespace policy::rules {
namespace {

/// The library reads a zone's file at its first use: that belongs into the load, not into the first decision, and
/// it is when a damaged file shows.
void read_now(const date::time_zone& zone) {
  static_cast<void>(zone.get_info(date::sys_seconds{}));
}

/// What /etc/localtime points at, or what /etc/timezone says; empty when neither names a zone.
std::string name_of_machine() {
  constexpr std::string_view kFolder = "/zoneinfo/";
  std::error_code failure;
  const auto target = std::filesystem::canonical("/etc/localtime", failure).string();
  const auto folder = target.rfind(kFolder);
  if (!failure && folder != std::string::npos) return target.substr(folder + kFolder.size());
  std::string name;
  std::ifstream file("/etc/timezone");
  std::getline(file, name);
  return name;
}

/// "Berlin" of "Europe/Berlin".
std::string_view city_of(std::string_view zone) {
  return zone.substr(zone.rfind('/') + 1);
}

/// The zone of the city that was written, or the nearest name.
std::string unknown_zone(std::string_view name, const std::vector<std::string_view>& zones) {
  std::string city(name);
  std::replace(city.begin(), city.end(), ' ', '_');
  const auto found = std::find_if(zones.begin(), zones.end(), [&city](std::string_view zone) {
    return city.size() == city_of(zone).size() && edit_distance(city, city_of(zone)) == 0;
  });
  if (found != zones.end()) {
    return "unknown time zone '" + std::string(name) + "', did you mean '" + std::string(*found) + "'?";
  }
  auto text = unknown_name("time zone", name, zones);
  return nearest(name, zones).empty() ? text + ": write it like 'Europe/Berlin'" : text;
}

}  // namespace

base::Result<Zone> Zone::find(std::string_view name) {
  try {
    const auto* zone = date::locate_zone(std::string(name));
    read_now(*zone);
    return Zone(zone, std::string(name));
  } catch (const std::exception&) {
    // The library reports an unknown name and an unreadable database by exceptions alone.
  }
  std::vector<std::string_view> names;
  try {
    for (const auto& zone : date::get_tzdb().zones) names.emplace_back(zone.name());
    return base::Error{base::Code::kNotFound, unknown_zone(name, names)};
  } catch (const std::exception& failure) {
    return base::Error{base::Code::kUnavailable, "no time zones (install tzdata): " + std::string(failure.what())};
  }
}

Zone Zone::machine() {
  auto name = name_of_machine();
  return name.empty() ? utc() : Zone(nullptr, std::move(name), false);
}

const date::time_zone* Zone::zone() const {
  if (std::exchange(opened_, true)) return zone_;
  try {
    zone_ = date::locate_zone(name_);
    read_now(*zone_);
  } catch (const std::exception&) {
    zone_ = nullptr;
  }
  return zone_;
}

base::WallTime Zone::instant(std::chrono::sys_days day, std::chrono::minutes time) const {
  const date::local_seconds local(day.time_since_epoch() + time);
  const auto* const zone = this->zone();
  if (zone == nullptr) return base::WallTime(local.time_since_epoch());
  const auto info = zone->get_info(local);
  if (info.result == date::local_info::nonexistent) return base::WallTime(info.second.begin.time_since_epoch());
  return base::WallTime(local.time_since_epoch() - info.first.offset);
}

std::chrono::sys_seconds Zone::local(base::WallTime when) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  const auto* const zone = this->zone();
  if (zone == nullptr) return seconds;
  return seconds + zone->get_info(date::sys_seconds(seconds.time_since_epoch())).offset;
}

std::string format_local(const Zone& zone, base::WallTime when) {
  static constexpr std::array<const char*, 7> kNames = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  const auto local = zone.local(when);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(local - day).count();
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%s %04d-%02u-%02u %02lld:%02lld",
                kNames.at(std::chrono::weekday(day).c_encoding()), static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<long long>(minutes / 60), static_cast<long long>(minutes % 60));
  return text.data();
}

}  // namespace policy::rules
