#pragma once
// How commands speak: one line of error with a next step, and aligned columns.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/result.h"

namespace cli {

/// How a command ended, and what it failed for; without an error it has said everything itself.
struct Outcome {
  int code = 0;
  std::string error;  // may be several lines

  Outcome(int exit_code, std::string message = {}) : code(exit_code), error(std::move(message)) {}
};

/// With the exit code that fits the error.
Outcome fail(const base::Error& error);
Outcome fail(int exit_code, std::string_view message);

/// The only place that says what a command failed for: on stderr, and with --json as {"error": "..."} on stdout too.
void tell(const Outcome& outcome, bool as_json);
/// The same object for a command line that was not understood; its text has been printed.
void tell_json(std::string_view error);

/// What a command did: the text, or with --json {"ok": true, "says": "..."}.
void say(std::string_view done, bool as_json);

/// The first of the lines, and that `all` shows the others.
std::string first_error(std::string_view lines, std::string_view all);

/// Rows with columns padded to their widest cell; the last column is not padded.
std::string columns(const std::vector<std::vector<std::string>>& rows, std::string_view indent = "  ");

/// The member as text for a terminal: a string's own, any other value as JSON; empty when there is none.
std::string text_of(const boost::json::object& object, std::string_view key);
/// 0 when it is no number, or not there.
double number_of(const boost::json::object& object, std::string_view key);

/// "3h 12m", "45s".
std::string human_duration(double seconds);

}  // namespace cli
