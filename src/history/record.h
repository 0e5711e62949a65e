#pragma once
// Records: what the journal's bytes mean. A frame is magic, length, CRC-32C and a JSON payload. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "history/journal.h"
#include "history/past_work/minutes.h"
#include "history/past_work/run_times.h"

namespace history {

/// Raised when an older program could no longer read what this one writes.
inline constexpr std::uint32_t kFormat = 4;

/// The first record of a file.
struct Header {
  std::uint32_t format = kFormat;
};

struct Accepted {
  base::JobId job;
  std::string task_hash;
  base::GameId game;
  job::Kind kind = job::Kind::kImage;
  base::ModelId model;
  base::WallTime at{};  // written to the millisecond
};

struct Closed {
  job::Record record;
  std::string task_hash;
};

/// An accepted job whose process died; said once, so that it is reported once.
struct Dropped {
  base::JobId job;
};

/// UsedMinute, Counted and Times stand at the head of a journal that was written anew: what the jobs that it no longer
/// lists add up to.
using Record = std::variant<Header, Accepted, Produced, Closed, Dropped, UsedMinute, Counted, Times>;

/// Appends the record's frame to `out`. A Produced with files is written with its folder's bare name.
/// Errors: kInvalid when it is absurdly long; `out` is untouched then.
base::Status append_record(std::string& out, const Record& record);

/// Their frames in a row.
std::string write_records(const std::vector<Record>& records);

/// Nothing when the payload is not a record that this program knows. A Produced with files has a bare name as its
/// folder.
std::optional<Record> parse_record(std::string_view payload);

/// A stretch of the file: a sound record, or (without payload) bytes that are none.
struct Piece {
  std::size_t offset = 0;
  std::size_t size = 0;
  std::optional<std::string_view> payload;
};

/// Every byte belongs to exactly one piece; after damage the next sound record is searched by its magic.
/// Valid until `bytes` is gone.
std::vector<Piece> split(std::string_view bytes);

std::uint32_t crc32c(std::string_view bytes);

}  // namespace history
