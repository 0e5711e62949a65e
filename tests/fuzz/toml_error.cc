#include "fuzz/toml_error.h"

#include <algorithm>
#include <regex>

#include "fuzz/fuzz.h"

namespace fuzz {

void require_placed(std::string_view message, std::string_view file, std::string_view text) {
  require_printable(message);
  const bool ours = message.starts_with(file);
  std::cmatch found;
  static const std::regex kMissing(R"(: the key "[a-z_]+" is missing(: write it like [^]+)?)");
  static const std::regex kPlaced(R"(:([0-9]{1,9})(:[1-9][0-9]*)?: [^]+)");
  const char* const rest = message.data() + std::min(file.size(), message.size());
  const char* const end = message.data() + message.size();
  if (ours && std::regex_match(rest, end, found, kMissing)) return;
  if (ours && std::regex_match(rest, end, found, kPlaced)) {
    // The library ends the last line itself, so the end of the file may be the line below it.
    const auto last = static_cast<long>(std::count(text.begin(), text.end(), '\n')) + 2;
    const long line = number_at(found[1].str(), 1'000'000'000);
    if (line >= 1 && line <= last) return;
  }
  require_same("a message without its place", message, std::string(file) + ":<line>: <words>");
}

}  // namespace fuzz
