#pragma once
// How commands speak: one line of error with a next step, and aligned columns.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cli {

/// "error: <message>" on stderr; returns the exit code that fits the error.
int fail(const base::Error& error);
int fail(int exit_code, std::string_view message);

/// Rows with columns padded to their widest cell; the last column is not padded.
std::string columns(const std::vector<std::vector<std::string>>& rows, std::string_view indent = "  ");

/// "3h 12m", "45s".
std::string human_duration(double seconds);

}  // namespace cli
