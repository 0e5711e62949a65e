#include "history/outbox.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/files.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "history/record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace history {
namespace {

/// A name may have 255 bytes; a suffix and names of temporary files beside it need some of them.
constexpr std::size_t kNameLimit = 100;

std::string folder_name(const base::JobId& job) {
  std::string name = job.str();
  for (char& c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  if (name.empty() || name.front() == '.') name.insert(0, 1, '_');
  if (name.size() <= kNameLimit) return name;
  std::array<char, 16> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "-%08x", crc32c(job.str()));
  return name.substr(0, kNameLimit - 9) + suffix.data();
}

base::Status sync_path(const std::filesystem::path& path, int flags) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags));
  if (!fd) return errno == ENOENT ? base::Status{} : base::file_error("open", path, errno);
  if (::fsync(fd.get()) != 0) return base::file_error("sync", path, errno);
  return {};
}

base::Status sync_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  for (std::filesystem::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
    if (at->symlink_status(failure).type() == std::filesystem::file_type::regular) CHECK_OK(sync_path(at->path(), 0));
    if (failure) break;
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    return base::file_error("read folder", folder, failure.value());
  }
  return sync_path(folder, O_DIRECTORY);
}

/// Each chunk's hash is the seed of the next one.
constexpr std::size_t kChunk = 256 * base::kKiB;

base::Error unreadable(const std::filesystem::path& path, int failure) {
  return {failure == ENOENT ? base::Code::kNotFound : base::Code::kUnavailable,
          "cannot read " + path.native() + ": " + std::error_code(failure, std::generic_category()).message()};
}

constexpr std::string_view kSparePrefix = ".spare-";

/// Whether nothing is left in it and it is as private as a fresh one.
bool empty_folder(const std::filesystem::path& folder) {
  struct stat info {};
  constexpr mode_t kPrivate = S_IFDIR | 0700;
  if (::lstat(folder.c_str(), &info) != 0 || info.st_mode != kPrivate || info.st_uid != ::geteuid()) return false;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
    std::filesystem::remove_all(at->path(), failure);
    if (failure) break;
  }
  return !failure;
}

}  // namespace

SpareFolders::~SpareFolders() {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_.at(slot) == Slot::kReady) ::rmdir(path_of(slot).c_str());
  }
}

std::filesystem::path SpareFolders::path_of(std::size_t slot) const {
  return root_ / (std::string(kSparePrefix) + std::to_string(slot));
}

bool SpareFolders::is_spare(const std::filesystem::path& folder) {
  return folder.filename().native().starts_with(kSparePrefix);
}

bool SpareFolders::keep(const std::filesystem::path& folder) {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    Slot free = Slot::kFree;
    if (!slots_.at(slot).compare_exchange_strong(free, Slot::kBusy)) continue;
    const bool kept = empty_folder(folder) && ::rename(folder.c_str(), path_of(slot).c_str()) == 0;
    slots_.at(slot) = kept ? Slot::kReady : Slot::kFree;
    return kept;
  }
  return false;
}

int SpareFolders::take(const std::filesystem::path& folder) {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    Slot ready = Slot::kReady;
    if (!slots_.at(slot).compare_exchange_strong(ready, Slot::kBusy)) continue;
    const auto spare = path_of(slot);
    // Without it an empty folder of that name would be replaced, although a job owns it.
    const bool taken = ::renameat2(AT_FDCWD, spare.c_str(), AT_FDCWD, folder.c_str(), RENAME_NOREPLACE) == 0;
    const int failure = taken ? 0 : errno;
    if (!taken && failure != EEXIST) ::rmdir(spare.c_str());
    slots_.at(slot) = failure == EEXIST ? Slot::kReady : Slot::kFree;
    return failure;
  }
  return ENOENT;
}

base::Result<std::filesystem::path> Outbox::make(const base::JobId& job) {
  CHECK_OK(base::make_private_folder(root_));
  const std::string name = folder_name(job);
  // A folder of the same job may still be on its way out: never share it.
  for (int attempt = 1; attempt <= 1000; ++attempt) {
    const std::filesystem::path folder = root_ / (attempt == 1 ? name : name + "." + std::to_string(attempt));
    const int failure = spares_->take(folder);
    if (failure == EEXIST) continue;
    if (failure == 0 || ::mkdir(folder.c_str(), 0700) == 0) {
      folders_[job].push_back(folder);
      return folder;
    }
    if (errno != EEXIST) return base::file_error("create folder", folder, errno);
  }
  return base::file_error("create folder", root_ / name, EEXIST);
}

base::Status Outbox::probe() const {
  CHECK_OK(base::make_private_folder(root_));
  const std::filesystem::path folder = root_ / ".probe";
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return base::file_error("create folder", folder, errno);
  ::rmdir(folder.c_str());
  return {};
}

bool Outbox::contains(const std::filesystem::path& folder) const {
  const std::filesystem::path name = folder.filename();
  return folder.parent_path() == root_ && !name.empty() && name != "." && name != "..";
}

void Outbox::remove(const base::JobId& job) {
  const auto owned = folders_.find(job);
  if (owned == folders_.end()) return;
  remove_later(std::move(owned->second));
  folders_.erase(owned);
}

std::size_t Outbox::remove_orphans() {
  std::unordered_set<std::string> owned;
  for (const auto& [job, folders] : folders_) {
    for (const auto& folder : folders) owned.insert(folder.native());
  }
  std::vector<std::filesystem::path> orphans;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(root_, failure), end; !failure && at != end; at.increment(failure)) {
    if (SpareFolders::is_spare(at->path()))
      ::rmdir(at->path().c_str());
    else if (!owned.contains(at->path().native()))
      orphans.push_back(at->path());
  }
  const std::size_t count = orphans.size();
  if (count > 0) remove_later(std::move(orphans));
  return count;
}

void Outbox::remove_later(std::vector<std::filesystem::path> folders) {
  boost::asio::post(disk_, [folders = std::move(folders), spares = spares_] {
    for (const auto& folder : folders) {
      if (spares->keep(folder)) continue;
      std::error_code failure;
      std::filesystem::remove_all(folder, failure);
      if (failure) {
        base::log::warn("history", "a finished job's folder could not be removed",
                        {{"folder", folder.native()}, {"why", failure.message()}});
      }
    }
  });
}

base::Status sync_folders(const std::set<std::filesystem::path>& folders) {
  std::set<std::filesystem::path> parents;
  for (const auto& folder : folders) {
    CHECK_OK(sync_folder(folder));
    parents.insert(folder.parent_path());
  }
  for (const auto& parent : parents) CHECK_OK(sync_path(parent, O_DIRECTORY));
  return {};
}

std::uint64_t content_hash(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(kChunk, bytes.size()))) {
    hash = XXH3_64bits_withSeed(bytes.data(), std::min<std::size_t>(kChunk, bytes.size()), hash);
  }
  return hash;
}

base::Result<std::uint64_t> content_hash_of_file(const std::filesystem::path& path, std::uint64_t seed,
                                                 base::Xxh128* digest) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return unreadable(path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return unreadable(path, errno);
  // No larger than needed: most results are small, and fresh pages cost more than the hash.
  const std::size_t room = std::min<std::size_t>(static_cast<std::size_t>(info.st_size) + 1, kChunk);
  const auto chunk = std::make_unique_for_overwrite<char[]>(room);
  std::uint64_t hash = seed;
  for (;;) {
    std::size_t filled = 0;
    ssize_t got = 1;
    while (filled < room && got != 0) {
      got = ::read(fd.get(), chunk.get() + filled, room - filled);
      if (got < 0 && errno != EINTR) return unreadable(path, errno);
      if (got > 0) filled += static_cast<std::size_t>(got);
    }
    hash = content_hash({chunk.get(), filled}, hash);
    if (digest != nullptr) digest->add({chunk.get(), filled});
    if (filled < room) return hash;
    if (room < kChunk) return base::Error{base::Code::kCorrupt, path.native() + " grew while it was read"};
  }
}

base::Status check_content(const Produced& result) {
  if (result.text) return {};
  TRY(const auto of_result, content_hash_of_file(result.folder / result.file));
  auto of_both = result.prompt ? base::Result<std::uint64_t>(content_hash(*result.prompt, of_result))
                               : content_hash_of_file(result.folder / kPromptFile, of_result);
  if (!of_both) return std::move(of_both).error();
  if (*of_both == result.content) return {};
  return base::Error{base::Code::kCorrupt, "the stored result of " + result.job.str() + " is damaged"};
}

}  // namespace history
