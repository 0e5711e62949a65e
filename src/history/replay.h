#pragma once
// Replay: reads a journal file back into a Book and says what is damaged. Pure.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/book.h"

namespace history {

struct Replayed {
  bool has_header = false;
  std::uint64_t damaged = 0;        // stretches without a sound record, and records that this program cannot read
  std::string damaged_bytes;        // all of them, in order
  base::Bytes sound_end = 0;        // the end of the last sound record
  bool damaged_before_end = false;  // cutting off the tail is not enough
};

/// `jobs` is where the folders of results lie. Errors: kInvalid when a newer program wrote the file.
base::Result<Replayed> replay(std::string_view bytes, const std::filesystem::path& jobs, Book& book);

}  // namespace history
