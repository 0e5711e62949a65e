#pragma once
// Place: where in the operator's files something was written. Shown to the operator only.

#include <string>

namespace policy::rules {

struct Place {
  std::string file;  // bare name, relative to the policy folder
  int line = 0;      // 0 = unknown

  bool known() const { return !file.empty(); }
  bool operator==(const Place&) const = default;
};

/// "20-games.lua:3"; empty when unknown.
inline std::string to_string(const Place& place) {
  if (!place.known() || place.line <= 0) return place.file;
  return place.file + ":" + std::to_string(place.line);
}

}  // namespace policy::rules
