#pragma once
// Tokens: the text of Lua code without what does not change its meaning: comments, blanks, the kind of quotes. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace policy::lua {

/// The tokens of the lines [first, last], counted from 1, of a file that compiles. A string is written as its bytes
/// between double quotes, whatever stood around it; its escapes are kept as written.
std::vector<std::string> tokens_of(std::string_view source, int first, int last);

}  // namespace policy::lua
