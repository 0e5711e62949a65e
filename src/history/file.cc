#include "history/file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/files.h"
#include "base/unique_fd.h"

namespace history {
namespace {

/// A journal is rotated long before; more than this is not ours.
constexpr base::Bytes kReadLimit = base::kGiB;

class PosixFile final : public File {
 public:
  PosixFile(base::UniqueFd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  base::Status append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return base::file_error("append to", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  base::Status truncate(base::Bytes size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return base::file_error("truncate", path_, errno);
    return {};
  }

  base::Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return base::file_error("sync", path_, errno);
    return {};
  }

  base::Result<std::string> read() const override { return base::read_file(path_, kReadLimit); }

 private:
  base::UniqueFd fd_;
  std::filesystem::path path_;
};

class PosixFolder final : public Folder {
 public:
  explicit PosixFolder(std::filesystem::path path) : path_(std::move(path)) {}

  bool exists(const std::string& name) const override { return ::access((path_ / name).c_str(), F_OK) == 0; }

  base::Result<std::shared_ptr<File>> open(const std::string& name) override { return open_file(name, 0); }

  base::Result<std::shared_ptr<File>> create(const std::string& name, std::string_view text) override {
    TRY(const std::shared_ptr<File> file, open_file(name, O_TRUNC));
    CHECK_OK(file->append(text));
    CHECK_OK(file->sync());
    return file;
  }

  base::Status rename(const std::string& from, const std::string& to) override {
    if (::rename((path_ / from).c_str(), (path_ / to).c_str()) != 0) {
      return base::file_error("rename to", path_ / to, errno);
    }
    return {};
  }

  base::Status sync() override {
    const base::UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return base::file_error("open folder", path_, errno);
    if (::fsync(fd.get()) != 0) return base::file_error("sync folder", path_, errno);
    return {};
  }

 private:
  base::Result<std::shared_ptr<File>> open_file(const std::string& name, int flags) {
    const std::filesystem::path path = path_ / name;
    base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600));
    if (!fd) return base::file_error("open", path, errno);
    return std::static_pointer_cast<File>(std::make_shared<PosixFile>(std::move(fd), path));
  }

  std::filesystem::path path_;
};

}  // namespace

std::shared_ptr<Folder> make_folder(std::filesystem::path path) {
  return std::make_shared<PosixFolder>(std::move(path));
}

base::Status Reserve::refill() {
  if (held_ || size_ == 0) return {};
  const base::UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return base::file_error("open", path_, errno);
  if (const int failure = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(size_)); failure != 0) {
    ::unlink(path_.c_str());
    return base::file_error("keep space in", path_, failure);
  }
  held_ = true;
  return {};
}

bool Reserve::release() {
  return std::exchange(held_, false) && ::unlink(path_.c_str()) == 0;
}

}  // namespace history
