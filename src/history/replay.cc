#include "history/replay.h"

#include <utility>

namespace history {
namespace {

base::Status check_format(const Header& header) {
  if (header.format <= kFormat) return {};
  return base::Error{base::Code::kInvalid,
                     "written by a newer studio-worker: its journal format is " + std::to_string(header.format) +
                         ", this program reads up to format " + std::to_string(kFormat) +
                         "; start the newer program, or give this one another folder with --state"};
}

}  // namespace

base::Result<Replayed> replay(std::string_view bytes, const std::filesystem::path& jobs, Book& book) {
  Replayed replayed;
  for (const Piece& piece : split(bytes)) {
    auto record = piece.payload ? parse_record(*piece.payload) : std::nullopt;
    if (!record) {
      ++replayed.damaged;
      replayed.damaged_bytes += bytes.substr(piece.offset, piece.size);
      continue;
    }
    if (const auto* header = std::get_if<Header>(&*record)) {
      CHECK_OK(check_format(*header));
      replayed.has_header = replayed.has_header || piece.offset == 0;
    }
    if (auto* produced = std::get_if<Produced>(&*record); produced != nullptr && !produced->text) {
      produced->folder = jobs / produced->folder;
    }
    if (replayed.damaged > 0) replayed.damaged_before_end = true;
    replayed.sound_end = piece.offset + piece.size;
    std::visit([&](auto& value) { book.apply(std::move(value)); }, *record);
  }
  return replayed;
}

}  // namespace history
