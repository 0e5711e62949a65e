#pragma once
// Compaction: writes a shorter journal beside the growing one, on the disk executor, while records keep coming.
// Thread: io.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "history/file.h"
#include "history/record.h"

namespace history {

/// The new file is written and synced in steps; what is appended to the old one meanwhile is kept for the next step.
class Compaction {
 public:
  /// `covers`: how many appended records the snapshot sums up.
  Compaction(std::shared_ptr<Folder> folder, boost::asio::any_io_executor disk, std::vector<Record> snapshot,
             std::uint64_t covers);

  /// A record that went to the old file.
  void add(std::string_view frame) { rest_ += frame; }
  bool step_is_done() const { return step_->done.load(std::memory_order_acquire); }
  /// How many records are durable in the new file. Requires: step_is_done.
  std::uint64_t durable() const { return covers_; }
  /// Writes and syncs what was added since. Requires: step_is_done. `covers` as for the constructor.
  void another_step(std::uint64_t covers);

  struct Finished {
    std::shared_ptr<File> file;
    base::Bytes size = 0;
  };
  /// Puts the new file in the old one's place. Requires: step_is_done.
  base::Result<Finished> finish();

  static constexpr const char* kJournal = "journal";
  static constexpr const char* kFresh = "journal.new";

 private:
  struct Step {
    std::atomic<bool> done = false;
    base::Status status;
    std::shared_ptr<File> file;
    base::Bytes size = 0;
  };

  std::shared_ptr<Folder> folder_;
  boost::asio::any_io_executor disk_;
  std::shared_ptr<Step> step_ = std::make_shared<Step>();
  std::string rest_;
  std::uint64_t covers_;
};

}  // namespace history
