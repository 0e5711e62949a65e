#include "hostile/cases.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <regex>
#include <stdexcept>

namespace policy::test {
namespace {

const std::map<std::string, Fate>& fates() {
  static const std::map<std::string, Fate> kAll = {{"limit", Fate::kLimit},
                                                   {"error", Fate::kError},
                                                   {"hook_error", Fate::kHookError},
                                                   {"load_error", Fate::kLoadError},
                                                   {"harmless", Fate::kHarmless}};
  return kAll;
}

Case read_case(const std::string& line, const std::string& file, int number) {
  static const std::regex kForm(R"(case\.(\w+)\('([^']+)', (?:'([^']+)', )?function\(.*)");
  std::smatch found;
  const std::string place = file + ":" + std::to_string(number);
  if (!std::regex_match(line, found, kForm)) throw std::runtime_error(place + ": a case that cannot be read");
  const auto fate = fates().find(found[1]);
  if (fate == fates().end()) throw std::runtime_error(place + ": no such fate");
  if (found[2].str().substr(0, 3) != file.substr(0, 3)) throw std::runtime_error(place + ": a name of another file");
  return {fate->second, found[2], found[3], file, number, number};
}

void read_file(const std::filesystem::path& path, std::vector<Case>& cases) {
  std::ifstream in(path);
  const auto before = cases.size();
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("case.")) cases.push_back(read_case(line, path.filename().string(), number));
    if (cases.size() > before) cases.back().last_line = number;
  }
  if (cases.size() == before) throw std::runtime_error(path.string() + " holds no case");
}

}  // namespace

std::vector<Case> read_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kHostileFolder)) {
    if (entry.path().extension() == ".lua") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& file : files) read_file(file, cases);
  for (const Case& one : cases) {
    const auto same = [&one](const Case& other) { return other.name == one.name; };
    if (std::count_if(cases.begin(), cases.end(), same) > 1) throw std::runtime_error(one.name + " is there twice");
  }
  return cases;
}

bool names_a_line_of(const Case& one, std::string_view text) {
  for (int line = one.first_line; line <= one.last_line; ++line) {
    const std::string place = one.file + ":" + std::to_string(line);
    const auto at = text.find(place);
    if (at == std::string_view::npos) continue;
    const auto behind = at + place.size();
    if (behind == text.size() || text[behind] < '0' || text[behind] > '9') return true;
  }
  return false;
}

bool is_expected(const Case& one, std::string_view error) {
  // On a busy machine the time limit may come before anything else.
  constexpr std::string_view kOutOfTime = "ran longer than its time limit";
  constexpr std::array<std::string_view, 4> kLimits = {"used up its instructions", "used up its memory",
                                                       "used up its stack", kOutOfTime};
  const auto said = [error](std::string_view text) { return error.find(text) != std::string_view::npos; };
  if (one.fate == Fate::kLimit) return std::any_of(kLimits.begin(), kLimits.end(), said);
  return said(one.expected) || said(kOutOfTime);
}

std::string runner(const std::string& file, const std::map<std::string, std::string>& words) {
  std::ifstream in(kHostileFolder / "runner" / file);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text.empty()) throw std::runtime_error("cannot read runner/" + file);
  for (const auto& [word, value] : words) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) text.replace(at, word.size(), value);
  }
  return text;
}

}  // namespace policy::test
