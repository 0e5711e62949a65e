#pragma once
// A TOML file as a JSON document, with the place of every key, so that a mistake is reported with line and column.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "scenario/scenario.h"

namespace scenario {

struct Place {
  std::uint64_t line = 1;
  std::uint64_t column = 1;
};

struct Document {
  json::object root;
  std::map<std::string, Place> places;  // by path: "jobs[1].count"
};

/// Errors: kInvalid with "NAME:LINE:COLUMN: what is wrong".
base::Result<Document> parse_toml(const std::string& text, const std::string& name);

/// Reads the file and puts `fault_flags` (faults given on the command line) over its [faults] table.
/// Errors: kInvalid with line and column; those of base::read_file.
base::Result<Scenario> load(const std::filesystem::path& file, const json::object& fault_flags);

}  // namespace scenario
