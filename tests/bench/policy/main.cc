// Measures the policy layer by itself. Prints one JSON object. scripts/bench policy runs it and reads that.

#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "stage.h"

int main(int argc, char** argv) {
  using Bench = bench::json::object (*)(const bench::Setting&);
  constexpr std::array<std::pair<std::string_view, Bench>, 4> kBenches = {{{"decisions", bench::decisions},
                                                                           {"reloads", bench::reloads},
                                                                           {"saves", bench::saves},
                                                                           {"records", bench::records}}};
  if (argc != 5) bench::give_up("usage: policy-bench decisions|reloads|saves|records COUNT POLICY-HOST FOLDER");
  bench::Setting setting{argv[3], argv[4]};
  if (std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), setting.count).ec != std::errc() || setting.count == 0) {
    bench::give_up("COUNT is a number above 0");
  }
  base::log::set_level(base::log::Level::kError);
  for (const auto& [name, measure] : kBenches) {
    if (name != argv[1]) continue;
    bench::fs::create_directories(setting.folder);
    std::puts(bench::json::serialize(measure(setting)).c_str());
    return 0;
  }
  bench::give_up(std::string("no bench is named ") + argv[1]);
}
