#pragma once
// JSON documents into scenario values. Scenario files, command line faults and the control route share this reader.

#include <vector>

#include <tl/expected.hpp>

#include "scenario/fields.h"
#include "scenario/scenario.h"

namespace scenario {

template <class Value>
using Read = tl::expected<Value, FieldError>;

Read<Scenario> read_scenario(const json::object& document);
/// A list of [[jobs]] tables; `path` is the list's place in the document.
Read<std::vector<Entry>> read_entries(const json::array& list, const std::string& path);
/// "approve", "pending:3", "reject", "404", "401:2", "429:5" ...
std::optional<Registration> parse_registration(std::string_view text);
/// "4003@2".
std::optional<CodeAt> parse_code_at(std::string_view text);

}  // namespace scenario
