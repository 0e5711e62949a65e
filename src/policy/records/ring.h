#pragma once
// Ring: the files of decision records, the oldest of which make room. And the ways to read them. Blocking.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "policy/records/record.h"

namespace policy::records {

struct RingLimits {
  base::Bytes file = 4 * base::kMiB;    // then the next one begins
  base::Bytes total = 64 * base::kMiB;  // of all files
  std::chrono::days age{14};
};

/// One writer. A file holds the records of one day, in UTC. Nothing is synced: a power cut costs the last seconds.
/// Thread: one at a time.
class Ring {
 public:
  explicit Ring(std::filesystem::path folder, RingLimits limits = {}) : folder_(std::move(folder)), limits_(limits) {}

  /// Errors: kExhausted on a full disk, kUnavailable otherwise; the records are lost then, and the next call tries
  /// again. A file that ends in half a line, after a crash, goes on with a line of its own.
  base::Status append(const DecisionRecord* records, std::size_t count, base::WallTime now);

 private:
  base::Status open(std::chrono::sys_days day);
  void make_room(std::chrono::sys_days today) const;

  std::filesystem::path folder_;
  RingLimits limits_;
  base::UniqueFd file_;
  std::filesystem::path path_;
  std::chrono::sys_days day_{};
  base::Bytes size_ = 0;
  base::Bytes told_ = 0;  // the size at which the cards were written whether they had changed or not
  bool half_line_ = false;
  Writer writer_;
  std::string text_;
};

/// Below PolicyOptions::data; empty where that is empty: nothing is kept.
std::filesystem::path folder_in(const std::filesystem::path& data);

struct ReadCounts {
  std::uint64_t records = 0;
  std::uint64_t damaged = 0;  // lines and files that could not be read
};

/// Every record of this mode from `since` on, oldest first. `use` returns false to end it. Damaged lines are skipped
/// and counted; half a line at the end is one that is being written.
ReadCounts for_each(const std::filesystem::path& folder, base::WallTime since,
                    const std::function<bool(const DecisionRecord&)>& use, Mode mode = Mode::kLive);

/// The last `count` records of the policies in force, oldest first.
std::vector<DecisionRecord> newest(const std::filesystem::path& folder, std::size_t count);

}  // namespace policy::records
