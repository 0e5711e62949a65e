#pragma once
// UsageLog: jobs in the order in which they came, as somebody counts them who decides recorded offers again. Pure.

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/usage.h"

namespace job {

/// Thread: one at a time. Reading fills a cache.
class UsageLog final : public Usage {
 public:
  /// The first time counts: a job that comes again is the same job.
  void add(const base::JobId& job, const base::GameId& game, base::WallTime at, base::Duration gpu_time);

  /// Everything that came at `start` or later; `now` is the time of the last one.
  std::vector<GameUse> since(base::WallTime start, base::WallTime now) const override;

 private:
  struct Entry {
    base::WallTime at;
    std::size_t game = 0;
    Used used;
  };
  /// What came since then; kept up to date as more comes.
  struct Sum {
    base::WallTime start;
    std::vector<Used> games;
    void add(const Entry& entry);
  };

  std::vector<Entry> entries_;
  std::vector<std::string> games_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::unordered_set<base::JobId> known_;
  mutable std::vector<Sum> sums_;
};

}  // namespace job
