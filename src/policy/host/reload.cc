#include "policy/host/reload.h"

#include <algorithm>
#include <array>
#include <linux/magic.h>
#include <optional>
#include <sys/vfs.h>
#include <utility>

#include "base/async/run_on.h"
#include "base/async/timeout.h"

namespace policy::host {
namespace {

constexpr long kXfs = 0x58465342;  // the two that linux/magic.h has not: statfs(2)
constexpr long kZfs = 0x2fc12fc1;
constexpr std::array<long, 7> kLocal{EXT4_SUPER_MAGIC, kXfs,        BTRFS_SUPER_MAGIC,    kZfs,
                                     F2FS_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC};

}  // namespace

base::Duration look_interval(const std::filesystem::path& path) {
  struct statfs system {};
  if (::statfs(path.c_str(), &system) != 0) return kLook;
  return std::find(kLocal.begin(), kLocal.end(), system.f_type) == kLocal.end() ? kLook : kLookLocal;
}

base::Result<SourceFiles> Reload::read_now() {
  auto files = read_sources(path_);
  remember(files);
  return files;
}

asio::awaitable<base::Result<SourceFiles>> Reload::read() const {
  auto work = [path = path_] { return read_sources(path); };
  co_return co_await base::run_on(disk_, std::move(work));
}

bool Reload::is_new(const base::Result<SourceFiles>& files) const {
  if (!files) return files.error().message != error_;
  return !error_.empty() || *files != seen_;
}

void Reload::remember(const base::Result<SourceFiles>& files) {
  error_ = files ? "" : files.error().message;
  if (files) seen_ = *files;
}

asio::awaitable<void> Reload::wait_for_change(FolderWatch& watch) {
  // A folder of the network may block here, too.
  auto ask = [path = path_, look = look_] { return look ? *look : look_interval(path); };
  auto asking = base::run_on(disk_, std::move(ask));
  const base::Duration interval = co_await std::move(asking);
  for (;;) {
    auto wait = base::with_timeout(clock_, interval, std::string("an event"), watch.changed(clock_));
    const auto event = co_await std::move(wait);
    if (event) co_return;
    const auto files = co_await read();
    if (is_new(files)) co_return;
  }
}

/// Returns after `quiet` without an event.
asio::awaitable<void> Reload::settle(FolderWatch& watch) {
  for (;;) {
    auto wait = base::with_timeout(clock_, quiet_, std::string("quiet"), watch.changed(clock_));
    const auto event = co_await std::move(wait);
    if (!event) co_return;
  }
}

bool Reload::looks_unfinished(const FolderWatch& watch, const base::Result<SourceFiles>& files) const {
  if (watch.being_written()) return true;
  if (!files) return false;
  return std::any_of(seen_.begin(), seen_.end(), [&files](const SourceFile& earlier) {
    const auto now = std::find_if(files->begin(), files->end(),
                                  [&earlier](const SourceFile& file) { return file.name == earlier.name; });
    return now == files->end() || (now->text.empty() && !earlier.text.empty());
  });
}

asio::awaitable<base::Result<SourceFiles>> Reload::next(FolderWatch& watch) {
  for (;;) {
    co_await wait_for_change(watch);
    std::optional<base::SteadyTime> patience;
    for (;;) {
      co_await settle(watch);
      auto files = co_await read();
      const auto again = co_await read();
      const bool steady = files.has_value() == again.has_value() && (!files || *files == *again);
      if (steady && !looks_unfinished(watch, files)) patience = clock_.now();
      if (!patience) patience = clock_.now() + kUnfinished;
      if (steady && clock_.now() >= *patience) {
        if (!is_new(files)) break;
        remember(files);
        co_return files;
      }
      const auto left = *patience - clock_.now();
      auto wait = base::with_timeout(clock_, left, std::string("unfinished"), watch.changed(clock_));
      const auto event = co_await std::move(wait);
      if (event) patience.reset();
    }
  }
}

}  // namespace policy::host
