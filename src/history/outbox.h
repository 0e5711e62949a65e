#pragma once
// Outbox: one private folder per job below jobs/, from its start to its end, and whether what lies there is still what
// it was. Thread: io; removal and syncing run where they are posted to.

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/hash/xxh128.h"
#include "base/ids.h"
#include "base/result.h"
#include "history/journal.h"

namespace history {

/// Emptied folders that wait for the next job: another name costs the file system less than a new folder.
/// Thread: any.
class SpareFolders {
 public:
  explicit SpareFolders(std::filesystem::path root) : root_(std::move(root)) {}
  SpareFolders(const SpareFolders&) = delete;
  SpareFolders& operator=(const SpareFolders&) = delete;
  ~SpareFolders();

  /// Empties the folder and keeps it under another name. False: it is still where it was.
  bool keep(const std::filesystem::path& folder);
  /// Gives a spare one this name. The error number otherwise: ENOENT = there is none, EEXIST = the name is taken.
  int take(const std::filesystem::path& folder);
  static bool is_spare(const std::filesystem::path& folder);

 private:
  enum class Slot : std::uint8_t { kFree, kBusy, kReady };
  std::filesystem::path path_of(std::size_t slot) const;

  std::filesystem::path root_;
  std::array<std::atomic<Slot>, 4> slots_{};
};

class Outbox {
 public:
  Outbox(std::filesystem::path root, boost::asio::any_io_executor disk)
      : root_(std::move(root)), disk_(std::move(disk)) {}

  /// An empty folder, 0700. Its name is the job's id as far as a file system can carry it.
  base::Result<std::filesystem::path> make(const base::JobId& job);
  /// Whether a folder could be made now.
  base::Status probe() const;
  /// Takes over a folder of an earlier run.
  void adopt(const base::JobId& job, const std::filesystem::path& folder) { folders_[job].push_back(folder); }
  /// Whether `folder` is one that may be written down as a job's.
  bool contains(const std::filesystem::path& folder) const;
  /// Removes the job's folders on the disk executor.
  void remove(const base::JobId& job);
  /// Removes every folder that no job owns on the disk executor; returns how many.
  std::size_t remove_orphans();

 private:
  void remove_later(std::vector<std::filesystem::path> folders);

  std::filesystem::path root_;
  boost::asio::any_io_executor disk_;
  std::unordered_map<base::JobId, std::vector<std::filesystem::path>> folders_;
  std::shared_ptr<SpareFolders> spares_ = std::make_shared<SpareFolders>(root_);
};

/// The files in these folders, and the folders themselves, survive a power cut. A folder that is gone is no error.
/// Blocking; thread: any.
base::Status sync_folders(const std::set<std::filesystem::path>& folders);

/// XXH3, 64 bits, chunk by chunk. `seed`: the hash of what comes before. Thread: any.
std::uint64_t content_hash(std::string_view bytes, std::uint64_t seed = 0);
/// The same of a file's bytes, read in pieces, which `digest` gets too. Blocking; thread: any. Errors: kNotFound,
/// kUnavailable; kCorrupt when the file grows meanwhile.
base::Result<std::uint64_t> content_hash_of_file(const std::filesystem::path& path, std::uint64_t seed = 0,
                                                 base::Xxh128* digest = nullptr);
/// Compares a result's files with `Produced::content`: a power cut can take the bytes of a file and leave the
/// record that names it; a text in the record itself is covered by the record's checksum. Blocking; thread: any.
/// Errors: kCorrupt, and those of reading.
base::Status check_content(const Produced& result);

}  // namespace history
