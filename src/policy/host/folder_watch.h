#pragma once
// FolderWatch: tells when the files of a policy may have changed. Survives the loss of the folder. Thread: io.

#include <filesystem>
#include <set>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace policy::host {

namespace asio = boost::asio;

/// While the folder is missing nothing tells of its parents' return: it is looked for this often.
constexpr base::Duration kLostCheck = std::chrono::seconds(5);

class FolderWatch {
 public:
  /// Errors: kExhausted when the system gives no watch.
  static base::Result<FolderWatch> open(asio::any_io_executor executor, std::filesystem::path path);

  /// Returns after something happened to a policy file or to the folder, and when it is cancelled, without an
  /// exception. Never an error; the type is for with_timeout.
  asio::awaitable<base::Status> changed(base::Clock& clock);

  /// Whether somebody wrote to a policy file and did not close it yet.
  bool being_written() const { return !writers_.empty(); }

 private:
  FolderWatch(asio::any_io_executor executor, int inotify, std::filesystem::path path);
  void arm();
  bool drain();
  bool take(int watch, std::uint32_t mask, std::string_view name);

  asio::posix::stream_descriptor inotify_;
  std::filesystem::path path_;
  std::filesystem::path folder_;
  std::string only_;  // the one file that counts; empty = every policy file
  std::set<std::string, std::less<>> writers_;
  int folder_watch_ = -1;
  int parent_watch_ = -1;
};

}  // namespace policy::host
