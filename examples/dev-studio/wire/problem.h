#pragma once
// A rule of the contract that something from a worker broke; the studio adds who, when and which job.

#include <string>
#include <vector>

namespace wire {

struct Problem {
  std::string rule;
  std::string detail;
};

using Problems = std::vector<Problem>;

}  // namespace wire
