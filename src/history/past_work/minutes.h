#pragma once
// Minutes: what games had of this worker, minute by minute over the last days. Pure.

#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/usage.h"

namespace history {

/// Windows and days start at whole minutes, so sums from such a start are exact.
struct UsedMinute {
  base::GameId game;
  base::WallTime at{};
  job::Used used;
};

/// A job that a minute holds already.
struct Counted {
  base::JobId job;
  base::WallTime at{};
};

class Minutes final : public job::Usage {
 public:
  /// `remembered_jobs`: how many a job may be behind and still be known; one that is not counts again.
  explicit Minutes(std::size_t remembered_jobs) : remembered_jobs_(remembered_jobs) {}

  /// A job counts at its first time; one without a time never.
  void accepted(const base::JobId& job, const base::GameId& game, base::WallTime at);
  /// At the time at which the job counts; a job that never counted leaves no time either.
  void ran(const base::JobId& job, const base::GameId& game, base::Duration time);

  std::vector<job::GameUse> since(base::WallTime start, base::WallTime now) const override;

  // For a journal that is written anew: the same sums and the same known jobs, oldest first.
  std::vector<UsedMinute> minutes() const;
  std::vector<Counted> counted() const;
  void add(const UsedMinute& minute);
  void add(const Counted& counted);

  /// The longest window has eight days, and the clocks may change in it.
  static constexpr std::chrono::hours kKept{9 * 24};
  static constexpr std::size_t kMostMinutes = 100'000;

 private:
  /// Each with the sum up to its end, so that a stretch of time is a difference of two.
  using Sums = std::deque<std::pair<base::WallTime, job::Used>>;
  struct Game {
    job::Used forgotten;  // the sum up to the first minute
    Sums sums;            // in the order of time, never empty
  };

  static job::Used sum_before(const Game& game, base::WallTime when);
  void forget_first(Game& game);
  void forget(base::WallTime before);
  void forget_oldest();

  std::size_t remembered_jobs_;
  std::map<base::GameId, Game> games_;
  std::size_t minutes_ = 0;
  std::unordered_map<base::JobId, base::WallTime> jobs_;
  std::deque<const std::pair<const base::JobId, base::WallTime>*> ages_;  // of jobs_, first known first
};

}  // namespace history
