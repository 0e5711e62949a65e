#include "history/journal.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <boost/asio/use_awaitable.hpp>

#include "base/async/event.h"
#include "base/async/run_on.h"
#include "base/files.h"
#include "base/log.h"
#include "history/book.h"
#include "history/compaction.h"
#include "history/file.h"
#include "history/outbox.h"
#include "history/record.h"
#include "history/replay.h"

namespace history {
namespace {

/// So many times as long as it may be, a journal is written anew before a start goes on. A shorter one is left to the
/// background, which begins when a job ends: a worker that dies before any job ends must not let it grow for ever.
constexpr base::Bytes kFarTooLong = 4;

struct Durability {
  base::Status journal;
  base::Status results;
};

class FileJournal final : public Journal {
 public:
  FileJournal(JournalOptions options, asio::any_io_executor disk)
      : options_(std::move(options)),
        disk_(std::move(disk)),
        folder_(options_.storage ? options_.storage : make_folder(options_.folder)),
        book_(options_.remembered_jobs),
        outbox_(options_.folder / "jobs", disk_),
        reserve_(options_.folder / "reserve", options_.reserve_bytes),
        compact_above_(options_.rotate_bytes) {}

  base::Status open();

  base::Status accepted(const job::Offer& offer, const std::string& task_hash, base::WallTime at) override;
  base::Status produced(const Produced& result) override;
  base::Status closed(const job::Record& record) override;
  asio::awaitable<base::Status> sync() override;

  std::optional<Entry> find(const base::JobId& job) const override { return book_.find(job); }
  std::vector<Produced> undelivered() const override { return book_.undelivered(); }
  std::vector<base::JobId> abandoned() const override { return abandoned_; }
  const JournalCounters& counters() const override { return counters_; }
  const job::Usage& usage() const override { return book_.minutes(); }
  std::optional<base::Duration> typical_time(const job::Offer& offer) const override {
    return book_.run_times().median({offer.kind, offer.model, job::size_class(offer)});
  }
  base::Result<std::filesystem::path> make_job_folder(const base::JobId& job) override {
    auto made = outbox_.make(job);
    folders_fail_ = !made;
    return made;
  }

 private:
  using Folders = std::map<base::JobId, std::filesystem::path>;

  /// One sync that is under way; `status` is set once it has ended by itself.
  struct Round {
    std::uint64_t target = 0;
    std::optional<base::Status> status;
    Folders results;
    base::Event ended;
  };
  class RoundEnd;

  base::Status repair(const Replayed& replayed);
  bool set_aside(const Replayed& replayed);
  base::Status compact_now();
  base::Status write_header();
  void drop_abandoned();

  base::Status append(const Record& record, bool may_use_reserve);
  base::Status write_frame();
  asio::awaitable<base::Status> lead_round();
  void start_compaction();
  void advance_compaction();

  JournalOptions options_;
  asio::any_io_executor disk_;
  std::shared_ptr<Folder> folder_;
  base::UniqueFd lock_;
  std::shared_ptr<File> file_;
  base::Bytes size_ = 0;  // up to the last sound record
  bool torn_ = false;     // part of a failed record may follow
  bool folders_fail_ = false;
  std::string frame_;
  Book book_;
  Outbox outbox_;
  Reserve reserve_;
  JournalCounters counters_;
  std::vector<base::JobId> abandoned_;

  std::uint64_t appended_ = 0;  // records since open, and how many of them are durable
  std::uint64_t synced_ = 0;
  std::shared_ptr<Round> round_;
  Folders unsynced_;
  bool renamed_ = false;  // the folder must be synced too
  /// After a failed sync the kernel may have thrown the data away and call the next one a success.
  bool suspect_ = false;
  std::optional<Compaction> compaction_;
  base::Bytes compact_above_;
};

/// Ends the round on every path; what was not made durable is kept for the next one.
class FileJournal::RoundEnd {
 public:
  RoundEnd(FileJournal& journal, std::shared_ptr<Round> round) : journal_(journal), round_(std::move(round)) {}
  RoundEnd(const RoundEnd&) = delete;
  RoundEnd& operator=(const RoundEnd&) = delete;
  ~RoundEnd() {
    if (!round_->status || !*round_->status) journal_.unsynced_.merge(round_->results);
    journal_.round_.reset();
    round_->ended.notify();
  }

 private:
  FileJournal& journal_;
  std::shared_ptr<Round> round_;
};

base::Status FileJournal::open() {
  CHECK_OK(base::make_private_folder(options_.folder));
  TRY(lock_, base::lock_file(options_.folder / "lock"));
  TRY(file_, folder_->open(Compaction::kJournal));
  TRY(const std::string bytes, file_->read());
  TRY(const Replayed replayed, replay(bytes, options_.folder / "jobs", book_));
  size_ = bytes.size();
  if (bytes.empty()) {
    CHECK_OK(write_header());
  } else {
    CHECK_OK(repair(replayed));
  }
  drop_abandoned();
  // An earlier process may have died before it synced what it wrote: the next sync covers that too.
  ++appended_;
  renamed_ = true;
  for (const Produced& result : book_.undelivered()) {
    if (result.text) continue;
    outbox_.adopt(result.job, result.folder);
    unsynced_.insert_or_assign(result.job, result.folder);
  }
  if (const std::size_t orphans = outbox_.remove_orphans(); orphans > 0) {
    base::log::info("history", "folders of jobs that are no longer open are being removed", {{"count", orphans}});
  }
  if (const auto kept = reserve_.refill(); !kept) {
    base::log::warn("history", "no space is kept in reserve", {{"why", kept.error().message}});
  }
  return {};
}

base::Status FileJournal::write_header() {
  frame_.clear();
  CHECK_OK(append_record(frame_, Header{}));
  CHECK_OK(write_frame());
  return folder_->sync();
}

base::Status FileJournal::repair(const Replayed& replayed) {
  const bool long_file = size_ > kFarTooLong * options_.rotate_bytes;
  if (replayed.damaged == 0 && replayed.has_header && !long_file) return {};
  if (replayed.damaged > 0 && !set_aside(replayed)) return {};
  if (long_file || replayed.damaged_before_end || !replayed.has_header) {
    if (const auto compacted = compact_now(); !compacted) {
      base::log::warn("history", "the journal could not be written anew", {{"why", compacted.error().message}});
    }
    return {};
  }
  size_ = replayed.sound_end;
  return file_->truncate(size_);
}

/// False when the damaged bytes could not be kept; they stay where they are then, and reading skips them.
bool FileJournal::set_aside(const Replayed& replayed) {
  counters_.damaged_records = replayed.damaged;
  counters_.set_aside_bytes = replayed.damaged_bytes.size();
  std::string name;
  for (int number = 1; name.empty() || folder_->exists(name); ++number) {
    name = std::string(Compaction::kJournal) + ".damaged-" + std::to_string(number);
  }
  const auto kept = folder_->create(name, replayed.damaged_bytes);
  base::log::warn("history", "a part of the journal is damaged; the rest counts",
                  {{"records", counters_.damaged_records},
                   {"bytes", counters_.set_aside_bytes},
                   {"kept_in", kept ? name : "the journal: " + kept.error().message}});
  return kept.has_value();
}

base::Status FileJournal::compact_now() {
  const std::string snapshot = write_records(book_.snapshot());
  TRY(const std::shared_ptr<File> fresh, folder_->create(Compaction::kFresh, snapshot));
  CHECK_OK(folder_->rename(Compaction::kFresh, Compaction::kJournal));
  file_ = fresh;
  size_ = snapshot.size();
  compact_above_ = std::max(options_.rotate_bytes, 4 * size_);
  return folder_->sync();
}

void FileJournal::drop_abandoned() {
  abandoned_ = book_.unfinished();
  for (const base::JobId& job : abandoned_) {
    const Dropped dropped{job};
    book_.apply(dropped);
    if (const auto written = append(dropped, false); !written) {
      base::log::warn("history", "a job without an end will be reported again", {{"why", written.error().message}});
    }
  }
}

base::Status FileJournal::append(const Record& record, bool may_use_reserve) {
  advance_compaction();
  frame_.clear();
  CHECK_OK(append_record(frame_, record));
  base::Status written = write_frame();
  const auto full = [&] { return !written && written.error().code == base::Code::kExhausted; };
  if (full() && may_use_reserve && reserve_.release()) {
    base::log::warn("history", "disk full: using the space kept in reserve; no new jobs until there is space again");
    written = write_frame();
  }
  if (full()) return std::move(written).error().within("disk full");
  return written;
}

base::Status FileJournal::write_frame() {
  if (torn_) {
    CHECK_OK(file_->truncate(size_));
    torn_ = false;
  }
  if (auto written = file_->append(frame_); !written) {
    torn_ = !file_->truncate(size_).has_value();
    return written;
  }
  size_ += frame_.size();
  ++appended_;
  if (compaction_) compaction_->add(frame_);
  return {};
}

base::Status FileJournal::accepted(const job::Offer& offer, const std::string& task_hash, base::WallTime at) {
  // The reserve is for the jobs in hand: nobody takes on another one without it.
  if (auto kept = reserve_.refill(); !kept) {
    const bool full = kept.error().code == base::Code::kExhausted;
    return std::move(kept).error().within(full ? "disk full" : "state folder");
  }
  // A job that has no folder fails, and the studio would try it here until its tries are used up.
  if (folders_fail_) {
    if (auto possible = outbox_.probe(); !possible) return std::move(possible).error().within("state folder");
    folders_fail_ = false;
  }
  Accepted record{offer.id, task_hash, offer.game, offer.kind, offer.model, at};
  CHECK_OK(append(record, false));
  book_.apply(std::move(record));
  return {};
}

base::Status FileJournal::produced(const Produced& result) {
  if (result.text) {
    CHECK_OK(append(result, true));
    book_.apply(result);
    return {};
  }
  const bool bare = !result.file.empty() && std::filesystem::path(result.file).filename() == result.file;
  if (!bare || !outbox_.contains(result.folder)) {
    return base::Error{base::Code::kInvalid, "the result " + (result.folder / result.file).native() +
                                                 " does not lie in a folder of this journal"};
  }
  CHECK_OK(append(result, true));
  book_.apply(result);
  unsynced_.insert_or_assign(result.job, result.folder);
  return {};
}

base::Status FileJournal::closed(const job::Record& record) {
  const Closed end{record, book_.task_hash(record.job)};
  base::Status written = append(end, true);
  book_.apply(end);
  unsynced_.erase(record.job);
  // Without the record the next run delivers again, for which it needs the files.
  if (written) outbox_.remove(record.job);
  if (size_ > compact_above_) start_compaction();
  return written;
}

asio::awaitable<base::Status> FileJournal::sync() {
  const std::uint64_t wanted = appended_;
  while (synced_ < wanted) {
    if (const auto round = round_) {
      co_await round->ended.wait();
      if (round->status && !*round->status && round->target >= wanted) co_return *round->status;
      continue;
    }
    CO_CHECK_OK(co_await lead_round());
  }
  co_return base::Status{};
}

asio::awaitable<base::Status> FileJournal::lead_round() {
  advance_compaction();
  if (suspect_) {
    start_compaction();
    co_return base::Error{base::Code::kUnavailable, "an earlier sync of the journal failed; it is being written anew"};
  }
  const auto round = std::make_shared<Round>();
  round->target = appended_;
  round->results = std::exchange(unsynced_, {});
  round_ = round;
  const RoundEnd end(*this, round);

  std::set<std::filesystem::path> results;
  for (const auto& [job, folder] : round->results) results.insert(folder);
  auto work = [file = file_, folder = renamed_ ? folder_ : nullptr, results = std::move(results)] {
    Durability reached;
    reached.results = sync_folders(results);
    reached.journal = file->sync();
    if (reached.journal && folder) reached.journal = folder->sync();
    return reached;
  };
  auto reached = co_await base::run_on(disk_, std::move(work));
  if (reached.journal) {
    renamed_ = false;
    synced_ = round->target;
  } else {
    suspect_ = true;
    start_compaction();
  }
  round->status = reached.journal ? reached.results : reached.journal;
  co_return *round->status;
}

void FileJournal::start_compaction() {
  if (!compaction_) compaction_.emplace(folder_, disk_, book_.snapshot(), appended_);
}

/// Called before each record: the new file takes over only when it holds, durably, what the old one holds durably.
void FileJournal::advance_compaction() {
  if (!compaction_ || !compaction_->step_is_done() || round_) return;
  if (synced_ > compaction_->durable()) {
    compaction_->another_step(appended_);
    return;
  }
  auto finished = compaction_->finish();
  if (finished) {
    file_ = std::move(finished->file);
    size_ = finished->size;
    synced_ = compaction_->durable();
    compact_above_ = std::max(options_.rotate_bytes, 4 * size_);
    torn_ = false;
    suspect_ = false;
    renamed_ = true;
  } else {
    base::log::warn("history", "the journal could not be made shorter", {{"why", finished.error().message}});
    compact_above_ = 2 * size_;
  }
  compaction_.reset();
}

}  // namespace

base::Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options, asio::any_io_executor disk) {
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::absolute(options.folder, failure);
  if (!failure) options.folder = folder;
  const std::string place = "state folder " + options.folder.native();
  auto journal = std::make_unique<FileJournal>(std::move(options), std::move(disk));
  if (auto opened = journal->open(); !opened) return std::move(opened).error().within(place);
  return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace history
