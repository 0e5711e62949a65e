#pragma once
// LogFile and FileOutput: a log file that is bounded in size and age, and a way to write to it without waiting for it.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log/router.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace base::log {

namespace asio = boost::asio;

struct LogFileOptions {
  std::filesystem::path folder;
  std::string name;  // bare
  Format format = Format::kText;
  Bytes max_size = 100 * kMiB;                  // of the file and its older parts together, give or take one write
  Duration keep = std::chrono::hours(24) * 14;  // then an older part is removed

  friend bool operator==(const LogFileOptions&, const LogFileOptions&) = default;
};

/// The file, mode 0600. It becomes an older part, "NAME.20260325-011207", on the first write of a new UTC day and when
/// it holds an eighth of `max_size`. Blocking. Thread: one at a time.
class LogFile {
 public:
  explicit LogFile(LogFileOptions options) : options_(std::move(options)) {}

  /// Appends whole lines in one write; a file that was removed or replaced meanwhile is made anew.
  /// Errors: kExhausted on a full disk, kUnavailable otherwise; no part of `lines` is in the file then.
  Status append(std::string_view lines, WallTime now);
  /// Removes older parts that are too old or too many.
  void tidy(WallTime now) const;

 private:
  Status open();
  bool is_current() const;
  void rotate(WallTime now);
  std::filesystem::path path() const { return options_.folder / options_.name; }

  LogFileOptions options_;
  UniqueFd file_;
  Bytes size_ = 0;
  std::chrono::sys_days day_{};  // of the last write
};

/// Hands lines to the disk thread, in order. A slow disk costs memory up to a bound, then lines; how many were lost,
/// and why, is written to the file once it takes lines again. Thread: any.
class FileOutput : public std::enable_shared_from_this<FileOutput> {
 public:
  FileOutput(asio::any_io_executor disk, LogFileOptions options)
      : disk_(std::move(disk)), options_(options), file_(std::move(options)) {}

  const LogFileOptions& options() const { return options_; }

  void put(std::string_view line, WallTime now);
  void tidy(WallTime now);
  /// Why the file takes no lines; empty while it does.
  std::string problem() const;

 private:
  void write_pending();
  void settle(const Status& written, std::uint64_t lines, WallTime now);

  asio::any_io_executor disk_;
  const LogFileOptions options_;
  LogFile file_;  // the disk thread's

  mutable std::mutex mutex_;
  std::string pending_;
  WallTime time_{};  // of the last pending line
  bool writing_ = false;
  std::uint64_t lost_ = 0;
  std::string why_lost_;
  std::string problem_;
};

}  // namespace base::log
