#pragma once
// What an operator may expect of a message about a TOML file: the place where the fault lies, and printable words.

#include <string_view>

namespace fuzz {

/// "<file>:<line>[:<column>]: <words>" with a line of `text`, or which key of the file is missing.
void require_placed(std::string_view message, std::string_view file, std::string_view text);

}  // namespace fuzz
