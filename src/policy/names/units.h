#pragma once
// The units that sizes and times are written in.

#include <array>
#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

namespace policy::names {

template <class Value>
struct Unit {
  std::string_view name;
  Value value;
};

constexpr std::array<Unit<base::Bytes>, 4> kSizeUnits = {
    {{"KiB", base::kKiB}, {"MiB", base::kMiB}, {"GiB", base::kGiB}, {"TiB", 1024 * base::kGiB}}};

constexpr std::array<Unit<base::Duration>, 4> kSpanUnits = {{{"s", std::chrono::seconds(1)},
                                                             {"m", std::chrono::minutes(1)},
                                                             {"h", std::chrono::hours(1)},
                                                             {"d", std::chrono::hours(24)}}};

constexpr std::array<Unit<base::Duration>, 4> kRateUnits = {{{"s", std::chrono::seconds(1)},
                                                             {"min", std::chrono::minutes(1)},
                                                             {"h", std::chrono::hours(1)},
                                                             {"d", std::chrono::hours(24)}}};

}  // namespace policy::names
