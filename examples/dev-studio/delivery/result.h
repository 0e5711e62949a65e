#pragma once
// Does a result look like what its kind promises? Containers by their first and last bytes, JSON by its shape.

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "scenario/scenario.h"
#include "wire/problem.h"

namespace delivery {

namespace json = boost::json;

/// What the checks need of a file that is not kept in memory.
struct FileFacts {
  std::string ext;
  std::string head;  // the first bytes, up to kKept
  std::string tail;  // the last bytes, up to kKept
  std::uint64_t size = 0;

  static constexpr std::size_t kKept = 64;
};

void check_file(scenario::Kind kind, std::string_view asked_ext, const FileFacts& file, wire::Problems& problems);
void check_json_result(scenario::Kind kind, const json::value& result, wire::Problems& problems);

/// "image/png" for "png"; application/octet-stream for what the contract does not name.
std::string_view mime_of(std::string_view ext);

}  // namespace delivery
