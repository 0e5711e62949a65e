#pragma once
// One job of an entry as the studio offers it: the claim's JSON text and the full prompt that results must repeat.

#include <string>

#include "scenario/scenario.h"

namespace scenario {

struct Claim {
  std::string text;
  std::string prompt;  // what the worker must send back with the result
  std::string ext;     // the extension that the task asks for, empty for JSON results
};

/// `index` counts from 0 within the entry; `base_url` is this studio ("http://127.0.0.1:4000"), which serves the
/// inputs.
Claim make_claim(const Entry& entry, std::uint64_t index, const std::string& job, const std::string& base_url);

}  // namespace scenario
