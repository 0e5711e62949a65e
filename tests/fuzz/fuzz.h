#pragma once
// What a fuzz target is: one function over one input. entry.cc hands it to libFuzzer, replay.cc to stored files.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fuzz {

/// One input from nothing. A property that does not hold is a failed STUDIO_ASSERT.
void run(std::string_view input);

/// Prints both texts when they differ, then fails.
void require_same(std::string_view what, std::string_view left, std::string_view right);

/// A message for a person: no control characters, no invalid UTF-8. Prints it when it is not, then fails.
void require_printable(std::string_view message);

/// The lines of an input; the last one needs no line end.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
};

/// Takes `word` and one blank off the front of `line`. False when it does not start so.
bool take_word(std::string_view& line, std::string_view word);

/// Leading digits, at most `most`; 0 when there are none.
long number_at(std::string_view text, long most);

}  // namespace fuzz
