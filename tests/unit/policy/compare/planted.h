#pragma once
// Policies with places at which one thing can be changed, for the tests that look for that change.

#include <random>
#include <string>
#include <vector>

#include "policy/source_files.h"

namespace policy::test {

/// Declarations that need nothing of each other but their names, each with its marks: "<22:00|22:01>" is a place where
/// the left value can become the right one.
struct Marked {
  std::vector<std::string> blocks;

  std::size_t marks() const;
  /// The policy in one file, with the change of this mark. `kNone`: as it is.
  SourceFiles files(std::size_t changed = kNone) const;
  /// "<22:00|22:01> in worker.window ...".
  std::string name_of(std::size_t mark) const;

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

using Random = std::mt19937;
/// From `least` to `most`.
int pick(Random& random, int least, int most);

/// A policy in which every mark changes what the policy does.
Marked generate(Random& random);

/// The shipped policies: every number, action, kind and pattern is a mark.
Marked shipped();

/// The same policy written differently: comments, quotes, blanks, the order of what has none, other files.
SourceFiles rewritten(const Marked& policy, Random& random);

}  // namespace policy::test
