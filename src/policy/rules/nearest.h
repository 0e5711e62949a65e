#pragma once
// "did you mean": the nearest of a list of known names to a misspelt one.

#include <string>
#include <string_view>
#include <vector>

namespace policy::rules {

/// The smallest number of letters to insert, remove, replace or swap with a neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest name that a slip of the fingers could explain, or that is the greater part of it; empty when none is.
std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known);

/// "unknown <what> 'nihgt', did you mean 'night'?" or, when none is near, "unknown <what> 'x'; known: a, b".
std::string unknown_name(std::string_view what, std::string_view name, const std::vector<std::string_view>& known);

}  // namespace policy::rules
