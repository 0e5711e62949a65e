#pragma once
// The command line of dev-studio.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <boost/json.hpp>

#include "base/result.h"

namespace dev_studio {

struct Options {
  std::filesystem::path scenario;
  std::uint16_t port = 0;
  std::filesystem::path port_file;
  std::filesystem::path report;
  std::filesystem::path results;
  std::optional<double> seconds;
  bool stay = false;
  bool bench = false;
  bool quick_ack = false;
  bool json_log = false;
  bool verbose = false;
  /// Faults given as flags, in the shape of the scenario's [faults] table, which they override.
  boost::json::object faults;
};

struct CommandLine {
  Options options;
  std::string help;  // not empty: print it and end
};

/// Errors: kInvalid with what is wrong and where the help is.
base::Result<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace dev_studio
