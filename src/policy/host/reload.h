#pragma once
// Reload: waits until the files of a policy are whole, and gives them when they are new. Thread: io.

#include <filesystem>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "policy/host/folder_watch.h"
#include "policy/source_files.h"

namespace policy::host {

/// A writer that empties a file or takes it away and then stalls, or keeps it open, is waited for this long.
constexpr base::Duration kUnfinished = std::chrono::seconds(2);
/// The files are read this often even if nothing happened: a folder of the network tells nothing of another machine's
/// edits, and one of this machine may be mounted over.
constexpr base::Duration kLook = std::chrono::seconds(5);
constexpr base::Duration kLookLocal = std::chrono::seconds(60);

/// kLookLocal where the file system is known to tell of every write, kLook elsewhere.
base::Duration look_interval(const std::filesystem::path& path);

class Reload {
 public:
  /// `disk`: reads the files, because a folder of the network may block. `look`: how often it does so when nothing
  /// happened; none = look_interval.
  Reload(base::Clock& clock, boost::asio::any_io_executor disk, std::filesystem::path path, base::Duration quiet,
         std::optional<base::Duration> look)
      : clock_(clock), disk_(std::move(disk)), path_(std::move(path)), quiet_(quiet), look_(look) {}

  /// The files as they are, for a start: on the thread that asks. Remembered as seen.
  base::Result<SourceFiles> read_now();

  /// The files as they are, read on `disk`.
  asio::awaitable<base::Result<SourceFiles>> read() const;

  /// The next state of the files that differs from the last one seen, or the next error in reading them that does.
  asio::awaitable<base::Result<SourceFiles>> next(FolderWatch& watch);

 private:
  asio::awaitable<void> wait_for_change(FolderWatch& watch);
  asio::awaitable<void> settle(FolderWatch& watch);
  bool looks_unfinished(const FolderWatch& watch, const base::Result<SourceFiles>& files) const;
  bool is_new(const base::Result<SourceFiles>& files) const;
  void remember(const base::Result<SourceFiles>& files);

  base::Clock& clock_;
  boost::asio::any_io_executor disk_;
  std::filesystem::path path_;
  base::Duration quiet_;
  std::optional<base::Duration> look_;
  SourceFiles seen_;
  std::string error_;
};

}  // namespace policy::host
