#pragma once
// The cases of tests/hostile: what each is called, what must become of it, and the policy that runs it.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace policy::test {

inline const std::filesystem::path kHostileFolder = STUDIO_SOURCE_DIR "/tests/hostile";

enum class Fate {
  kLimit,      // a limit stops it
  kError,      // an error with `expected` in its text
  kHookError,  // the same, in hooks only: at load it means something else
  kLoadError,  // the same, at load only
  kHarmless,   // nothing happens
};

struct Case {
  Fate fate = Fate::kError;
  std::string name;      // "01-while-true"
  std::string expected;  // part of the error's text
  std::string file;
  int first_line = 0;
  int last_line = 0;
};

/// All of them, in the order of their files. Throws on a case that cannot be read, has no name of its own or stands in
/// a file of another number.
std::vector<Case> read_cases();

/// Whether `text` says "file:line" of a line of the case, wherever in the text that is.
bool names_a_line_of(const Case& one, std::string_view text);
/// Whether the error is the one that the case must end in.
bool is_expected(const Case& one, std::string_view error);

/// A file of tests/hostile/runner with these words replaced.
std::string runner(const std::string& file, const std::map<std::string, std::string>& words = {});

}  // namespace policy::test
