#include "policy/rules/nearest.h"

#include <algorithm>

namespace policy::rules {
namespace {

constexpr std::size_t kLongestName = 100;  // bounds the quadratic cost for names from outside
constexpr std::size_t kLongestList = 12;   // more than this does not help on one line

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, kLongestName);
  b = b.substr(0, kLongestName);
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  if (!best.empty()) return best;
  // "warning" for "warn".
  for (const std::string_view candidate : known) {
    const bool longer = name.starts_with(candidate) && 2 * candidate.size() >= name.size();
    if (longer && candidate.size() > best.size()) best = candidate;
  }
  return best;
}

std::string unknown_name(std::string_view what, std::string_view name, const std::vector<std::string_view>& known) {
  std::string text = "unknown " + std::string(what) + " '" + std::string(name.substr(0, kLongestName)) + "'";
  if (const auto best = nearest(name, known); !best.empty())
    return text + ", did you mean '" + std::string(best) + "'?";
  if (known.empty() || known.size() > kLongestList) return text;
  text += "; known: ";
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i > 0) text += ", ";
    text += known[i];
  }
  return text;
}

}  // namespace policy::rules
