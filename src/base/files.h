#pragma once
// Small durable files: read whole, write atomically, make private folders. Blocking; not for the path of an offer.

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace base {

/// Errors: kNotFound when it does not exist, kExhausted when larger than `limit`, kUnavailable otherwise.
Result<std::string> read_file(const std::filesystem::path& path, Bytes limit = 16 * kMiB);

/// The last `bytes` of a regular file, or all of it. Errors: as read_file.
Result<std::string> read_file_end(const std::filesystem::path& path, Bytes bytes);

/// Writes a temporary file in the same folder, syncs it, renames it over `path`. Readers see the old or the new text.
/// Errors: kExhausted on a full disk, kUnavailable otherwise; `path` is untouched then.
Status write_file_atomically(const std::filesystem::path& path, std::string_view text, mode_t mode = 0600);

/// Creates or overwrites `path` without syncing: for files whose loss costs no more than a repetition.
/// Errors: kExhausted on a full disk, kUnavailable otherwise.
Status write_file(const std::filesystem::path& path, std::string_view text, mode_t mode = 0600);

/// Creates the folder and its parents; the last one with mode 0700. An existing folder is left as it is.
Status make_private_folder(const std::filesystem::path& path);

/// An exclusive lock on `path` for as long as the descriptor lives; the file holds our pid as text. It keeps other
/// processes out, not this one, which must not open the file a second time: closing that would end the lock.
/// Errors: kConflict with the holder's pid in the message.
Result<UniqueFd> lock_file(const std::filesystem::path& path);

/// Translates errno of a file operation: "cannot <what> <path>: No space left on device".
Error file_error(std::string_view what, const std::filesystem::path& path, int error_number);

/// A folder below the system's temporary folder that is removed with everything in it.
class TempDir {
 public:
  static Result<TempDir> create(std::string_view name);
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&& other) noexcept;
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace base
