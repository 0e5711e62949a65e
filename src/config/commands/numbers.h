#pragma once
// Numbers on the command line.

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace config {

/// The whole text as a number from `low` to `high`. Errors: kInvalid, naming the flag.
template <class Number>
base::Result<Number> parse_number(std::string_view flag, const std::string& text, Number low, Number high) {
  Number value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || !(value >= low) || !(value <= high)) {
    constexpr bool kWhole = std::is_integral_v<Number>;
    return base::Error{base::Code::kInvalid, std::string(flag) +
                                                 (kWhole ? " needs a whole number from " + std::to_string(low) +
                                                               " to " + std::to_string(high) + ", not \""
                                                         : " needs a number, not \"") +
                                                 text + "\""};
  }
  return value;
}

}  // namespace config
