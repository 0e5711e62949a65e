#pragma once
// What the policy's files of JSON have in common. Pure.

#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace policy {

/// Empty when the key is missing or no text.
inline std::string text_of(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace policy
