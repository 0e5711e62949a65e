// The bytes of a journal file: replayed, summed up, and opened twice. An input that starts with the magic is the file;
// any other is a list of lines: the payload of a sound record each, or, behind a !, bytes of damage.

#include "history/journal.h"

#include <boost/asio/io_context.hpp>

#include "base/files.h"
#include "fuzz/fuzz.h"
#include "history/book.h"
#include "history/record.h"
#include "history/replay.h"
#include "unit/history/memory_folder.h"

namespace {

using namespace history;

constexpr std::string_view kMagic = "\xF5SWJ";
/// Few, so that old ends are forgotten within an input.
constexpr std::size_t kRemembered = 4;
const std::filesystem::path kJobs = "jobs";

std::string little_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

/// A sound frame around any payload.
std::string framed(std::string_view payload) {
  const std::string length = little_endian(static_cast<std::uint32_t>(payload.size()));
  const std::uint32_t crc = crc32c(length + std::string(payload));
  return std::string(kMagic) + length + little_endian(crc) + std::string(payload);
}

std::string file_of(std::string_view input) {
  if (input.starts_with(kMagic)) return std::string(input);
  std::string bytes;
  fuzz::Lines lines(input);
  while (auto line = lines.next()) bytes += fuzz::take_word(*line, "!") ? std::string(*line) : framed(*line);
  return bytes;
}

void check_pieces(std::string_view bytes) {
  std::size_t end = 0;
  for (const Piece& piece : split(bytes)) {
    STUDIO_ASSERT(piece.offset == end && piece.size > 0);
    end += piece.size;
    const auto record = piece.payload ? parse_record(*piece.payload) : std::nullopt;
    if (!record) continue;
    std::string frame;
    STUDIO_ASSERT(append_record(frame, *record).has_value());
    const auto again = split(frame);
    STUDIO_ASSERT(again.size() == 1 && again.front().payload);
    const auto reread = parse_record(*again.front().payload);
    STUDIO_ASSERT(reread.has_value() && reread->index() == record->index());
    std::string twice;
    STUDIO_ASSERT(append_record(twice, *reread).has_value());
    fuzz::require_same("a record", frame, twice);
  }
  STUDIO_ASSERT(end == bytes.size());
}

std::string shown(const std::vector<Produced>& results) {
  return write_records({results.begin(), results.end()});
}

/// The job that a record is about; empty for one about none.
struct JobOf {
  base::JobId operator()(const Header&) const { return {}; }
  base::JobId operator()(const UsedMinute&) const { return {}; }
  base::JobId operator()(const Times&) const { return {}; }
  base::JobId operator()(const Closed& closed) const { return closed.record.job; }
  template <class Other>
  base::JobId operator()(const Other& other) const {
    return other.job;
  }
};

void require_same_entry(const std::optional<Entry>& left, const std::optional<Entry>& right) {
  STUDIO_ASSERT(left.has_value() == right.has_value());
  if (!left) return;
  STUDIO_ASSERT(left->stage == right->stage && left->outcome == right->outcome);
  STUDIO_ASSERT(left->produced.has_value() == right->produced.has_value());
  fuzz::require_same("the hash of a task", left->task_hash, right->task_hash);
}

/// A sum of the records, written and read, is the same sum.
void check_snapshot(std::string_view bytes, const Book& book) {
  const std::string text = write_records(book.snapshot());
  Book again(kRemembered);
  const auto replayed = replay(text, kJobs, again);
  STUDIO_ASSERT(replayed.has_value() && replayed->has_header && replayed->damaged == 0);
  fuzz::require_same("a snapshot", write_records(again.snapshot()), text);
  fuzz::require_same("the results that wait", shown(book.undelivered()), shown(again.undelivered()));
  STUDIO_ASSERT(book.unfinished() == again.unfinished());
  for (const Produced& result : book.undelivered()) {
    STUDIO_ASSERT(result.text || (result.folder.parent_path() == kJobs && !result.file.empty()));
  }
  for (const Piece& piece : split(bytes)) {
    const auto record = piece.payload ? parse_record(*piece.payload) : std::nullopt;
    if (!record) continue;
    const base::JobId job = std::visit(JobOf{}, *record);
    require_same_entry(book.find(job), again.find(job));
  }
}

class Disk {
 public:
  explicit Disk(std::string bytes) {
    MemoryFolder folder(memory_);
    STUDIO_ASSERT(folder.create("journal", bytes).has_value());
  }

  std::unique_ptr<Journal> open(const std::filesystem::path& state) {
    JournalOptions options;
    options.folder = state;
    options.remembered_jobs = kRemembered;
    options.reserve_bytes = 0;
    options.storage = std::make_shared<MemoryFolder>(memory_);
    auto journal = Journal::open(std::move(options), io_.get_executor());
    STUDIO_ASSERT(journal.has_value());
    return std::move(*journal);
  }
  std::string bytes() { return memory_.bytes("journal"); }

 private:
  MemoryDisk memory_;
  boost::asio::io_context io_;
};

/// The first open repairs; the second finds the same results and nothing to repair or to report.
void check_opens(const std::string& bytes, const Book& book, std::uint64_t damaged) {
  static const auto kFolder = base::TempDir::create("fuzz-journal");
  Disk disk(bytes);
  auto journal = disk.open(kFolder->path());
  STUDIO_ASSERT(journal->counters().damaged_records == damaged);
  const std::string results = shown(journal->undelivered());
  fuzz::require_same("the results after an open", results, shown(book.undelivered()));
  STUDIO_ASSERT(journal->abandoned() == book.unfinished());
  const auto unfinished = journal->abandoned();
  journal.reset();

  journal = disk.open(kFolder->path());
  STUDIO_ASSERT(journal->counters().damaged_records == 0 && journal->abandoned().empty());
  fuzz::require_same("the results after another open", shown(journal->undelivered()), results);
  for (const base::JobId& job : unfinished) STUDIO_ASSERT(!journal->find(job));
  const std::string settled = disk.bytes();
  journal.reset();
  disk.open(kFolder->path());
  fuzz::require_same("a journal that nobody changed", disk.bytes(), settled);
}

}  // namespace

void fuzz::run(std::string_view input) {
  const std::string bytes = file_of(input);
  check_pieces(bytes);
  Book book(kRemembered);
  const auto replayed = replay(bytes, kJobs, book);
  if (!replayed) {
    STUDIO_ASSERT(replayed.error().code == base::Code::kInvalid);
    require_printable(replayed.error().message);
    return;
  }
  STUDIO_ASSERT(replayed->sound_end <= bytes.size());
  STUDIO_ASSERT((replayed->damaged == 0) == replayed->damaged_bytes.empty());
  check_snapshot(bytes, book);
  check_opens(bytes, book, replayed->damaged);
}
