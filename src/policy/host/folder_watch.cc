#include "policy/host/folder_watch.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "policy/source_files.h"

namespace policy::host {
namespace {

constexpr std::uint32_t kFolderEvents = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                        IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kParentEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
constexpr std::uint32_t kGone = IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

base::Result<FolderWatch> FolderWatch::open(asio::any_io_executor executor, std::filesystem::path path) {
  const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) {
    return base::Error{base::Code::kExhausted,
                       "cannot watch the policy folder: " + std::system_category().message(errno) +
                           "; raise fs.inotify.max_user_instances"};
  }
  return FolderWatch(std::move(executor), inotify, std::move(path));
}

FolderWatch::FolderWatch(asio::any_io_executor executor, int inotify, std::filesystem::path path)
    : inotify_(executor, inotify), path_(std::filesystem::absolute(path).lexically_normal()) {
  if (!path_.has_filename()) path_ = path_.parent_path();
  arm();
}

/// Watches whatever is at the path now.
void FolderWatch::arm() {
  std::error_code ignored;
  const bool is_file = std::filesystem::is_regular_file(path_, ignored) ||
                       (!std::filesystem::exists(path_, ignored) && path_.extension() == ".lua");
  folder_ = is_file ? path_.parent_path() : path_;
  only_ = is_file ? path_.filename().string() : "";
  writers_.clear();
  const int old_folder = std::exchange(folder_watch_, -1);
  const int old_parent = std::exchange(parent_watch_, -1);
  folder_watch_ = ::inotify_add_watch(inotify_.native_handle(), folder_.c_str(), kFolderEvents | IN_ONLYDIR);
  // A link may be turned to another folder, and a missing folder may come: the parent tells of both.
  if (folder_watch_ < 0 || std::filesystem::is_symlink(folder_, ignored)) {
    parent_watch_ = ::inotify_add_watch(inotify_.native_handle(), folder_.parent_path().c_str(), kParentEvents);
  }
  for (const int old : {old_folder, old_parent}) {
    if (old >= 0 && old != folder_watch_ && old != parent_watch_) ::inotify_rm_watch(inotify_.native_handle(), old);
  }
}

/// Takes one event. Whether it concerns the policy.
bool FolderWatch::take(int watch, std::uint32_t mask, std::string_view name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    writers_.clear();
    return true;
  }
  if (watch == parent_watch_) {
    if (name != folder_.filename().string()) return false;
    arm();
    return true;
  }
  if (watch != folder_watch_) return false;
  if ((mask & kGone) != 0) {
    arm();
    return true;
  }
  if (only_.empty() ? !is_policy_file(name) : name != only_) return false;
  if ((mask & IN_MODIFY) != 0)
    writers_.emplace(name);
  else if ((mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0)
    writers_.erase(std::string(name));
  return true;
}

/// Reads what the kernel has. Whether any of it concerns the policy.
bool FolderWatch::drain() {
  bool concerns = false;
  alignas(inotify_event) std::array<char, 16UL * 1024> buffer{};
  for (;;) {
    const ssize_t got = ::read(inotify_.native_handle(), buffer.data(), buffer.size());
    if (got <= 0) return concerns;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      if (take(event.wd, event.mask, event.len > 0 ? std::string_view(name) : std::string_view())) concerns = true;
      at += sizeof event + event.len;
    }
  }
}

asio::awaitable<base::Status> FolderWatch::changed(base::Clock& clock) {
  using namespace asio::experimental::awaitable_operators;
  for (;;) {
    if (drain()) co_return base::Status();
    // An exception at the end of each quiet minute would keep the unwinder's tables and code in memory, 500 KB.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return base::Status();
    auto event = inotify_.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (folder_watch_ >= 0) {
      co_await std::move(event);
      continue;
    }
    arm();
    if (folder_watch_ >= 0) co_return base::Status();
    auto race = std::move(event) || clock.sleep_until(clock.now() + kLostCheck);
    co_await std::move(race);
  }
}

}  // namespace policy::host
