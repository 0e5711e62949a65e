#pragma once
// Journal: the append-only memory of jobs. What is written survives a kill, what is synced a power cut. Thread: io;
// `sync` runs its fsync on the disk executor.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "job/offer.h"
#include "job/result.h"
#include "job/usage.h"

namespace history {

namespace asio = boost::asio;

enum class Stage : std::uint8_t { kAccepted, kProduced, kClosed };

/// The full prompt, beside the result.
inline constexpr std::string_view kPromptFile = "prompt.txt";

/// A JSON result and its full prompt.
struct JsonText {
  std::string result;
  std::string prompt;
};

/// A JsonText up to this many bytes stands in its record: creating, naming and removing two files and a folder costs
/// ten times what the job's whole way through the worker does.
inline constexpr base::Bytes kTextLimit = 32 * base::kKiB;

/// What is needed to deliver a result after a restart: `text`, or files in `folder`, which belongs to the outbox until
/// the entry is closed: the prompt, and the result file or result.json.
struct Produced {
  base::JobId job;
  base::GameId game;
  job::Kind kind = job::Kind::kImage;
  std::string task_hash;
  std::optional<JsonText> text;  // then folder, file and content stay empty
  std::filesystem::path folder;
  std::string file;  // bare name of the result inside folder; "result.json" for JSON kinds
  std::string ext;
  std::optional<std::string> prompt;  // of a result file; absent = in kPromptFile beside it
  base::Bytes bytes = 0;
  std::string worker;         // the worker id it was accepted under: results are never sent as somebody else's
  base::WallTime at{};        // when it was produced; written to the millisecond
  std::uint64_t content = 0;  // content_hash of the result, then of the prompt
  std::string xxh128;         // of a result file, see base::Xxh128; empty in a journal of an older worker
  base::ModelId model;        // of a run that is told here, with `size`
  std::uint32_t size = 0;     // job::size_class of the offer
  base::Duration ran{};       // engine time, told by the first record alone; 0 in what the journal gives back
};

struct Entry {
  Stage stage = Stage::kAccepted;
  std::string task_hash;
  std::optional<Produced> produced;     // from kProduced on, until closed
  std::optional<job::Outcome> outcome;  // once closed
};

class Folder;

struct JournalOptions {
  std::filesystem::path folder;                // state folder; created 0700
  std::size_t remembered_jobs = 10000;         // closed ones that `find` still knows
  base::Bytes rotate_bytes = 16 * base::kMiB;  // compacted above this in the background, above 4 times this at open
  base::Bytes reserve_bytes = base::kMiB;      // kept for the ends of jobs on a full disk: thousands of records
  std::shared_ptr<Folder> storage;             // of the journal file; none = the file system
};

struct JournalCounters {
  std::uint64_t damaged_records = 0;  // set aside at open
  base::Bytes set_aside_bytes = 0;
};

class Journal {
 public:
  /// Replays what is there. Damaged bytes, in the middle or at the end, are copied to journal.damaged-<n>, counted and
  /// taken out; every sound record around them counts. Folders of jobs that are no longer open are removed.
  /// Errors: kInvalid for a file of a newer version, kConflict with the pid when another process holds the folder,
  /// kExhausted and the file system's own otherwise.
  static base::Result<std::unique_ptr<Journal>> open(JournalOptions options, asio::any_io_executor disk);
  virtual ~Journal() = default;

  /// Written before the accept frame goes out; one write(), no sync. A job whose result of the same task still waits
  /// stays kProduced. Errors: kExhausted (disk full), kUnavailable; the job is not in the journal then.
  /// `at`: now; the time at which the job counts as used, unless it has counted before.
  virtual base::Status accepted(const job::Offer& offer, const std::string& task_hash, base::WallTime at) = 0;
  /// Requires: result.text is set and within kTextLimit, or result.folder came from make_job_folder, now or in an
  /// earlier run. May use the space kept in reserve.
  virtual base::Status produced(const Produced& result) = 0;
  /// The entry's end, even when it cannot be written; its folders are removed once it is. May use the reserve. Its
  /// engine time is that of a run without a result; one with a result was told by `produced`.
  virtual base::Status closed(const job::Record& record) = 0;
  /// Makes everything written so far, result files included, survive a power cut. Calls that overlap share one sync.
  virtual asio::awaitable<base::Status> sync() = 0;

  /// Nothing for a job never seen, for one forgotten by age, and for an abandoned one.
  virtual std::optional<Entry> find(const base::JobId& job) const = 0;
  /// Results that were produced and never closed, oldest first.
  virtual std::vector<Produced> undelivered() const = 0;
  /// Jobs accepted and never produced by a process that died: nothing to deliver, the studio has released them.
  /// Reported by one open only; they need no `closed`.
  virtual std::vector<base::JobId> abandoned() const = 0;
  virtual const JournalCounters& counters() const = 0;
  /// Of all jobs, by what this and earlier processes wrote. Valid as long as the journal.
  virtual const job::Usage& usage() const = 0;
  /// The median engine time of the last jobs of this kind, model and size class; nothing when they are too few.
  virtual std::optional<base::Duration> typical_time(const job::Offer& offer) const = 0;
  /// A fresh private folder for a job's files, on the same file system as the journal. Lives until `closed`.
  virtual base::Result<std::filesystem::path> make_job_folder(const base::JobId& job) = 0;
};

}  // namespace history
