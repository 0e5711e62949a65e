#include "base/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace base {
namespace {

Status write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return file_error("write", path, errno);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return file_error("open folder", folder, errno);
  if (::fsync(fd.get()) != 0) return file_error("sync folder", folder, errno);
  return {};
}

}  // namespace

Error file_error(std::string_view what, const std::filesystem::path& path, int error_number) {
  Code code = Code::kUnavailable;
  if (error_number == ENOENT || error_number == ENOTDIR) code = Code::kNotFound;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) code = Code::kExhausted;
  return {code,
          "cannot " + std::string(what) + " " + path.string() + ": " + std::system_category().message(error_number)};
}

Result<std::string> read_file(const std::filesystem::path& path, Bytes limit) {
  // Without waiting: a pipe that nobody writes into must not hold up a start.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return file_error("open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return file_error("read", path, errno);
  if (S_ISDIR(info.st_mode)) return file_error("read", path, EISDIR);
  if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) {
    return Error{Code::kUnavailable, path.string() + " is a pipe or a socket, not a file"};
  }
  const Error too_large{Code::kExhausted, path.string() + " is larger than " + std::to_string(limit) + " bytes"};
  if (S_ISREG(info.st_mode) && static_cast<Bytes>(info.st_size) > limit) return too_large;
  std::string text;
  text.reserve(static_cast<std::size_t>(info.st_size));
  constexpr std::size_t kChunk = 64 * kKiB;
  const auto chunk = std::make_unique_for_overwrite<char[]>(kChunk);
  for (;;) {
    const ssize_t got = ::read(fd.get(), chunk.get(), kChunk);
    if (got < 0) {
      if (errno == EINTR) continue;
      return file_error("read", path, errno);
    }
    if (got == 0) return text;
    text.append(chunk.get(), static_cast<std::size_t>(got));
    if (text.size() > limit) return too_large;
  }
}

Result<std::string> read_file_end(const std::filesystem::path& path, Bytes bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return file_error("open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return file_error("read", path, errno);
  if (!S_ISREG(info.st_mode)) return file_error("read", path, S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
  std::string text(static_cast<std::size_t>(std::min(bytes, static_cast<Bytes>(info.st_size))), '\0');
  for (std::size_t read = 0; read < text.size();) {
    const auto from = info.st_size - static_cast<off_t>(text.size() - read);
    const ssize_t got = ::pread(fd.get(), text.data() + read, text.size() - read, from);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path, errno);
    if (got == 0) {
      text.resize(read);
      break;
    }
    read += static_cast<std::size_t>(got);
  }
  return text;
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  std::string temporary = path.string() + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return file_error("create a file beside", path, errno);
  auto written = [&]() -> Status {
    if (::fchmod(fd.get(), mode) != 0) return file_error("set the mode of", path, errno);
    CHECK_OK(write_all(fd.get(), text, path));
    if (::fsync(fd.get()) != 0) return file_error("sync", path, errno);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error("rename to", path, errno);
    return {};
  }();
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_folder(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

Status write_file(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return file_error("create", path, errno);
  return write_all(fd.get(), text, path);
}

Status make_private_folder(const std::filesystem::path& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) return {};
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), failure);
    if (failure) return file_error("create folder", path.parent_path(), failure.value());
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return file_error("create folder", path, errno);
  if (!std::filesystem::is_directory(path, failure)) return file_error("create folder", path, ENOTDIR);
  return {};
}

Result<UniqueFd> lock_file(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return file_error("open lock", path, errno);
  // A record lock belongs to the process alone. A child inherits flock's: killed between fork and exec, a worker would
  // leave its lock to a child that has not closed it yet, and the next worker would be refused.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  if (::fcntl(fd.get(), F_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) return file_error("lock", path, errno);
    const bool known = ::fcntl(fd.get(), F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK && whole.l_pid > 0;
    const std::string holder = known ? std::to_string(whole.l_pid) : "(unknown)";
    return Error{Code::kConflict, path.string() + " is held by process " + holder};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Over the old text, never an empty file: that needs no new block on a full disk, and ext4 does not flush at close.
  // The pid is for people; where it cannot be written the lock holds without it.
  const Status noted = write_all(fd.get(), pid, path);
  if (!noted && noted.error().code != Code::kExhausted) return noted.error();
  if (noted && ::ftruncate(fd.get(), static_cast<off_t>(pid.size())) != 0) {
    return file_error("write lock", path, errno);
  }
  return fd;
}

Result<TempDir> TempDir::create(std::string_view name) {
  std::error_code failure;
  const auto root = std::filesystem::temp_directory_path(failure);
  if (failure) return Error{Code::kUnavailable, "no temporary folder: " + failure.message()};
  std::string pattern = (root / (std::string(name) + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) return file_error("create folder", pattern, errno);
  return TempDir(std::filesystem::path(pattern));
}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace base
