#pragma once
// The run's report: one flat JSON document, described in the README beside this folder.

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "desk/studio.h"

namespace desk {

json::object make_report(const Studio& studio, base::SteadyTime now);

/// p50, p90, p99, max and count of latencies in microseconds.
json::object percentiles(std::vector<double> values);

/// 0 finished, 1 violations, 3 out of time with unfinished jobs.
int exit_code(const Studio& studio);

}  // namespace desk
