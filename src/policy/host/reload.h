#pragma once
// Reload: waits until the files of a policy are whole, and gives them when they are new. Thread: io.

#include <filesystem>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "policy/host/folder_watch.h"
#include "policy/source_files.h"

namespace policy::host {

/// A writer that empties a file and then stalls, or keeps it open, is waited for this long.
constexpr base::Duration kUnfinished = std::chrono::seconds(2);

class Reload {
 public:
  Reload(base::Clock& clock, std::filesystem::path path, base::Duration quiet)
      : clock_(clock), path_(std::move(path)), quiet_(quiet) {}

  /// The files as they are, for a start. Remembered as seen.
  base::Result<SourceFiles> read_now();

  /// The next state of the files that differs from the last one seen, or the next error in reading them that does.
  asio::awaitable<base::Result<SourceFiles>> next(FolderWatch& watch);

 private:
  asio::awaitable<void> settle(FolderWatch& watch);
  bool looks_unfinished(const FolderWatch& watch, const base::Result<SourceFiles>& files) const;
  bool is_new(const base::Result<SourceFiles>& files) const;
  void remember(const base::Result<SourceFiles>& files);

  base::Clock& clock_;
  std::filesystem::path path_;
  base::Duration quiet_;
  SourceFiles seen_;
  std::string error_;
};

}  // namespace policy::host
