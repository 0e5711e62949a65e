#pragma once
// The log lines that a worker ships (contract 2.5, LogEntry), checked.

#include <string_view>

#include <boost/json.hpp>

#include "wire/problem.h"

namespace wire {

namespace json = boost::json;

/// Every malformed entry becomes a problem of rule "log-entry".
void check_log_entries(const json::array& entries, Problems& problems);

/// 2026-03-04T10:11:12.345Z: UTC, milliseconds, all fields in range.
bool is_timestamp(std::string_view text);

}  // namespace wire
