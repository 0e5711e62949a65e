#pragma once
// Names: the few texts that stand for all texts when only patterns look at them. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace policy::compare {

struct Names {
  std::vector<std::string> texts;
  bool all = true;  // false: the patterns are too many to find every combination
};

/// For every combination of these patterns that one text, not an empty one, can match at once, and for none of them,
/// one text that does: the shortest.
Names representatives(const std::vector<std::string_view>& patterns);

}  // namespace policy::compare
