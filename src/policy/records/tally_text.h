#pragma once
// How a tally of offers that another policy decided is shown.

#include <string>

#include <boost/json.hpp>

#include "policy/records/tally.h"

namespace policy::records {

/// The totals, the work gained and lost, and each group of changes with its witness.
std::string to_text(const TallyReport& report);
boost::json::object json_of(const TallyReport& report);

}  // namespace policy::records
