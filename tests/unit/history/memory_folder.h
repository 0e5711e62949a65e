#pragma once
// MemoryFolder: a disk in memory that fills up, fails or dies after any number of bytes. Thread: any.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "history/file.h"

namespace history {

/// What is on the disk; outlives the journals that are opened on it.
struct MemoryDisk {
  struct Content {
    std::string bytes;
    std::size_t synced = 0;
  };
  enum class Fault { kNone, kFull, kBroken };

  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Content>> files;
  std::map<std::string, std::shared_ptr<Content>> synced_names;
  Fault fault = Fault::kNone;
  std::size_t budget = SIZE_MAX;  // bytes until the fault shows
  bool sync_fails = false;
  std::atomic<int> syncs = 0;
  std::function<void()> while_syncing;
  std::function<void()> on_broken;  // called when the budget of kBroken is used up

  std::string& bytes(const std::string& name) { return files.at(name)->bytes; }

  /// Only what was synced is left; of the rest `torn` bytes of each file.
  void cut_power(std::size_t torn) {
    files = synced_names;
    for (auto& [name, content] : files) {
      content->bytes.resize(std::min(content->bytes.size(), content->synced + torn));
      content->synced = content->bytes.size();
    }
    heal();
  }
  void heal() {
    fault = Fault::kNone;
    budget = SIZE_MAX;
    sync_fails = false;
  }
};

class MemoryFolder final : public Folder {
 public:
  explicit MemoryFolder(MemoryDisk& disk) : disk_(disk) {}

  bool exists(const std::string& name) const override {
    const std::lock_guard lock(disk_.mutex);
    return disk_.files.contains(name);
  }
  base::Result<std::shared_ptr<File>> open(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    auto& content = disk_.files[name];
    if (!content) content = std::make_shared<MemoryDisk::Content>();
    return std::static_pointer_cast<File>(std::make_shared<MemoryFile>(disk_, content));
  }
  base::Result<std::shared_ptr<File>> create(const std::string& name, std::string_view text) override {
    {
      const std::lock_guard lock(disk_.mutex);
      disk_.files[name] = std::make_shared<MemoryDisk::Content>();
    }
    TRY(const std::shared_ptr<File> file, open(name));
    CHECK_OK(file->append(text));
    CHECK_OK(file->sync());
    return file;
  }
  base::Status rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(disk_.mutex);
    if (disk_.fault == MemoryDisk::Fault::kBroken && disk_.budget == 0) return broken();
    disk_.files[to] = disk_.files.at(from);
    disk_.files.erase(from);
    return {};
  }
  base::Status sync() override {
    const std::lock_guard lock(disk_.mutex);
    if (disk_.fault == MemoryDisk::Fault::kBroken && disk_.budget == 0) return broken();
    disk_.synced_names = disk_.files;
    return {};
  }

 private:
  static base::Error broken() { return {base::Code::kUnavailable, "the disk is gone"}; }

  class MemoryFile final : public File {
   public:
    MemoryFile(MemoryDisk& disk, std::shared_ptr<MemoryDisk::Content> content)
        : disk_(disk), content_(std::move(content)) {}

    base::Status append(std::string_view bytes) override {
      const std::lock_guard lock(disk_.mutex);
      const std::size_t fits = std::min(bytes.size(), disk_.budget);
      content_->bytes += bytes.substr(0, fits);
      if (disk_.fault != MemoryDisk::Fault::kNone) disk_.budget -= fits;
      if (fits == bytes.size()) return {};
      if (disk_.fault == MemoryDisk::Fault::kFull) {
        return base::Error{base::Code::kExhausted, "cannot append to journal: No space left on device"};
      }
      if (disk_.on_broken) disk_.on_broken();
      return broken();
    }
    base::Status truncate(base::Bytes size) override {
      const std::lock_guard lock(disk_.mutex);
      if (disk_.fault == MemoryDisk::Fault::kBroken && disk_.budget == 0) return broken();
      content_->bytes.resize(size);
      content_->synced = std::min(content_->synced, content_->bytes.size());
      return {};
    }
    base::Status sync() override {
      if (disk_.while_syncing) disk_.while_syncing();
      const std::lock_guard lock(disk_.mutex);
      ++disk_.syncs;
      if (disk_.sync_fails || (disk_.fault == MemoryDisk::Fault::kBroken && disk_.budget == 0)) return broken();
      content_->synced = content_->bytes.size();
      return {};
    }
    base::Result<std::string> read() const override {
      const std::lock_guard lock(disk_.mutex);
      return content_->bytes;
    }

   private:
    MemoryDisk& disk_;
    std::shared_ptr<MemoryDisk::Content> content_;
  };

  MemoryDisk& disk_;
};

}  // namespace history
