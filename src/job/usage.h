#pragma once
// Usage: what games have had of this worker, and the size class by which the times of its jobs compare. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "job/offer.h"

namespace job {

/// Sums stay below this, so that they can be added up over every game.
constexpr base::Duration kMostUsedTime = std::chrono::hours(366 * 24);
constexpr std::size_t kMostUsedGames = 256;

/// Jobs count once each, at the moment when this worker first accepted them, whatever became of them: delivered,
/// failed, handed back, resumed after a restart, offered and run again. Engine time counts at that moment too, but
/// every second of it, once a run has ended; a run that a crash cut short leaves none.
struct Used {
  std::uint64_t jobs = 0;
  base::Duration gpu_time{};

  /// Engine times add up to kMostUsedTime at most.
  void add(const Used& more);
  /// Requires: `less` is a part of this.
  Used operator-(const Used& less) const { return {jobs - less.jobs, gpu_time - less.gpu_time}; }
  bool operator==(const Used&) const = default;
};

struct GameUse {
  std::string_view game;
  Used used;
};

class Usage {
 public:
  virtual ~Usage() = default;
  /// From `start`, a whole minute, to `now`: every game that had anything. Known for nine days back, longer than any
  /// period of a quota. Valid until the next job.
  virtual std::vector<GameUse> since(base::WallTime start, base::WallTime now) const = 0;
};

/// Usage as values, for the few starts that somebody may ask about.
class UsageTable final : public Usage {
 public:
  using Row = std::vector<std::pair<std::string, Used>>;

  void add(base::WallTime start, Row games) { rows_.emplace_back(start, std::move(games)); }
  std::vector<base::WallTime> starts() const;
  /// Nothing for a start that was not added.
  std::vector<GameUse> since(base::WallTime start, base::WallTime now) const override;

 private:
  std::vector<std::pair<base::WallTime, Row>> rows_;
};

/// Jobs of one kind, model and size class take about as long. The class is twice the binary logarithm of the work, so
/// that the largest of a class is 1.4 times the smallest. The work is pixels x steps of image and video (x seconds of
/// video), seconds of audio_stt, characters of audio_tts, steps of mesh, and of llm its characters and sixteen for each
/// token that it may write, since reading is that much faster. A fact that the offer lacks counts as 1.
std::uint32_t size_class(const Offer& offer);

}  // namespace job
