#include "policy/testing/report.h"

#include <algorithm>

#include "base/log.h"

namespace policy::testing {
unsigned percent(std::size_t all, std::size_t missing) {
  return all == 0 ? 100 : static_cast<unsigned>((all - missing) * 100 / all);
}

std::size_t Report::failed() const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [](const Result& result) { return result.failure.has_value(); }));
}

std::vector<std::string> Report::errors() const {
  std::vector<std::string> errors;
  for (const Result& result : results) {
    if (result.failure) errors.push_back(base::log::printable(result.failure->place + ": " + result.failure->text));
  }
  return errors;
}

}  // namespace policy::testing
