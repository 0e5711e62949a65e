#pragma once
// What a worker says it can do (contract 2.4), read strictly.

#include <set>
#include <string>

#include <boost/json.hpp>

#include "wire/problem.h"

namespace wire {

namespace json = boost::json;

struct Capabilities {
  std::string machine;
  std::string agent_version;
  double vram_total_gb = 0;
  double vram_threshold_gb = 0;
  bool auto_enabled = false;
  bool only_when_idle = false;
  std::string presence;  // idle, active or empty
  std::set<std::string, std::less<>> kinds;
  std::set<std::string, std::less<>> engines;
};

/// Reads what is readable; every key that is missing or of a wrong type becomes a problem of rule "capabilities".
Capabilities read_capabilities(const json::value& value, Problems& problems);

}  // namespace wire
