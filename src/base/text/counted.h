#pragma once
// A number of things in words.

#include <cstdint>
#include <string>
#include <string_view>

namespace base {

/// "1 hook", "2 hooks".
inline std::string counted(std::uint64_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

}  // namespace base
