#include "base/log/file_output.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/files.h"

namespace base::log {
namespace {

constexpr Bytes kMostPending = kMiB;  // a second of a flood
constexpr unsigned kParts = 8;
constexpr std::size_t kStampLength = 15;

std::chrono::sys_days day_of(WallTime time) {
  return std::chrono::floor<std::chrono::days>(time);
}

/// "20260325-011207": the order of the text is that of the time.
std::string stamp(WallTime time) {
  std::string text = format_utc(time).substr(0, 19);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  std::replace(text.begin(), text.end(), 'T', '-');
  return text;
}

/// Whether this is what `stamp` gives, perhaps with a number behind it.
bool is_stamp(std::string_view text) {
  if (text.size() < kStampLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == kStampLength;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

struct Part {
  std::string stamp;
  std::filesystem::path path;
  Bytes size = 0;
};

/// The oldest first.
std::vector<Part> older_parts(const LogFileOptions& options) {
  std::vector<Part> parts;
  std::error_code failure;
  const std::string prefix = options.name + ".";
  for (std::filesystem::directory_iterator at(options.folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || !is_stamp(std::string_view(name).substr(prefix.size()))) continue;
    std::error_code ignored;
    const auto size = at->file_size(ignored);
    parts.push_back({name.substr(prefix.size()), at->path(), ignored ? 0 : size});
  }
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.stamp < b.stamp; });
  return parts;
}

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Status LogFile::open() {
  CHECK_OK(make_private_folder(options_.folder));
  // Neither a link that leads elsewhere nor a pipe without a reader is followed or waited for.
  file_.reset(::open(path().c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!file_) return file_error("open", path(), errno);
  struct stat info {};
  const bool regular = ::fstat(file_.get(), &info) == 0 && S_ISREG(info.st_mode);
  if (!regular || ::fchmod(file_.get(), 0600) != 0) {
    file_.reset();
    return regular ? file_error("make private", path(), errno)
                   : Error{Code::kUnavailable, "cannot write " + path().string() + ": it is no file"};
  }
  size_ = static_cast<Bytes>(info.st_size);
  day_ = day_of(WallTime(std::chrono::seconds(info.st_mtim.tv_sec)));
  return {};
}

bool LogFile::is_current() const {
  struct stat ours {};
  struct stat there {};
  return file_ && ::fstat(file_.get(), &ours) == 0 && ::lstat(path().c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

void LogFile::rotate(WallTime now) {
  const std::string base = path().string() + "." + stamp(now);
  std::string target = base;
  struct stat info {};
  for (int i = 2; ::lstat(target.c_str(), &info) == 0; ++i) target = base + "-" + std::to_string(i);
  // Where it cannot be renamed the file grows on: no line is lost for that.
  if (::rename(path().c_str(), target.c_str()) == 0) file_.reset();
  tidy(now);
}

Status LogFile::append(std::string_view lines, WallTime now) {
  if (!is_current()) CHECK_OK(open());
  const bool full = size_ + lines.size() > options_.max_size / kParts;
  if (size_ > 0 && (full || day_ != day_of(now))) {
    rotate(now);
    if (!file_) CHECK_OK(open());
  }
  for (std::string_view rest = lines; !rest.empty();) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      auto failure = file_error("write", path(), written < 0 ? errno : EIO);
      // Half a line would spoil the next one.
      static_cast<void>(!::ftruncate(file_.get(), static_cast<off_t>(size_)));
      return failure;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += lines.size();
  day_ = day_of(now);
  return {};
}

void LogFile::tidy(WallTime now) const {
  const auto parts = older_parts(options_);
  Bytes total = size_;
  for (const Part& part : parts) total += part.size;
  const std::string oldest = stamp(now - options_.keep);
  for (const Part& part : parts) {
    if (part.stamp >= oldest && total <= options_.max_size) break;
    if (::unlink(part.path.c_str()) == 0) total -= part.size;
  }
}

void FileOutput::put(std::string_view line, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (pending_.size() + line.size() > kMostPending) {
    ++lost_;
    if (why_lost_.empty()) why_lost_ = "the disk is too slow";
    return;
  }
  pending_ += line;
  time_ = now;
  if (std::exchange(writing_, true)) return;
  asio::post(disk_, [self = shared_from_this()] { self->write_pending(); });
}

void FileOutput::tidy(WallTime now) {
  asio::post(disk_, [self = shared_from_this(), now] { self->file_.tidy(now); });
}

std::string FileOutput::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void FileOutput::write_pending() {
  std::string lines;
  WallTime now;
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(pending_);
    now = time_;
    writing_ = false;
    count = count_lines(lines) + lost_;
    if (lost_ > 0) {
      const Record gap{now,
                       Level::kWarn,
                       "logs",
                       std::to_string(lost_) + " lines were not written to this file",
                       {{"why", why_lost_}}};
      lines.insert(0, to_line(gap, options_.format));
    }
    lost_ = 0;
  }
  settle(file_.append(lines, now), count, now);
}

void FileOutput::settle(const Status& written, std::uint64_t lines, WallTime now) {
  const std::string problem = written ? "" : written.error().message;
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(problem_, problem);
    if (written)
      why_lost_ = lost_ > 0 ? why_lost_ : "";
    else
      why_lost_ = problem;
    if (!written) lost_ += lines;
  }
  // Said past the router, which would send it to this very file.
  if (before.empty() && !written) {
    print({now,
           Level::kError,
           "logs",
           "a log file takes no lines: they are dropped and counted",
           {{"file", options_.name}, {"why", problem}}});
  } else if (!before.empty() && written) {
    print({now, Level::kInfo, "logs", "a log file takes lines again", {{"file", options_.name}}});
  }
}

}  // namespace base::log
