#pragma once
// File and Folder: where the journal is written, so that a simulation can crash between any two bytes. Reserve: space
// kept back for the day the disk is full. Thread: any one, except where a method says otherwise.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace history {

class File {
 public:
  virtual ~File() = default;
  /// Adds at the end. After an error a part may have been added: truncate to the size before.
  /// Errors: kExhausted on a full disk, kUnavailable otherwise.
  virtual base::Status append(std::string_view bytes) = 0;
  virtual base::Status truncate(base::Bytes size) = 0;
  /// What was appended survives a power cut. Thread: any, also while another one appends.
  virtual base::Status sync() = 0;
  virtual base::Result<std::string> read() const = 0;
};

/// Files by bare name. They are shared because a sync on the disk thread may outlast their replacement.
class Folder {
 public:
  virtual ~Folder() = default;
  virtual bool exists(const std::string& name) const = 0;
  /// Created 0600 and empty when it does not exist.
  virtual base::Result<std::shared_ptr<File>> open(const std::string& name) = 0;
  /// A fresh file that holds `text`, synced; replaces one of that name. Thread: any.
  virtual base::Result<std::shared_ptr<File>> create(const std::string& name, std::string_view text) = 0;
  /// Replaces `to` in one step.
  virtual base::Status rename(const std::string& from, const std::string& to) = 0;
  /// Creations and renames survive a power cut. Thread: any.
  virtual base::Status sync() = 0;
};

/// The folder `path` of the file system, which must exist.
std::shared_ptr<Folder> make_folder(std::filesystem::path path);

/// A file of blocks that nobody uses until they are released.
class Reserve {
 public:
  Reserve(std::filesystem::path path, base::Bytes size) : path_(std::move(path)), size_(size) {}
  bool held() const { return held_; }
  /// Takes the blocks unless they are held. Errors: kExhausted on a full disk.
  base::Status refill();
  /// Gives the blocks back to the file system. True when there were any.
  bool release();

 private:
  std::filesystem::path path_;
  base::Bytes size_;
  bool held_ = false;
};

}  // namespace history
