#include "job/usage_log.h"

#include <algorithm>

namespace job {
namespace {

/// Day, week and the windows of a policy's quotas; more of them cost time and nothing else.
constexpr std::size_t kKeptSums = 16;

}  // namespace

void UsageLog::Sum::add(const Entry& entry) {
  if (entry.at < start) return;
  if (games.size() <= entry.game) games.resize(entry.game + 1);
  games[entry.game].add(entry.used);
}

void UsageLog::add(const base::JobId& job, const base::GameId& game, base::WallTime at, base::Duration gpu_time) {
  if (!known_.insert(job).second) return;
  const auto [number, fresh] = numbers_.emplace(game.str(), games_.size());
  if (fresh) games_.push_back(game.str());
  entries_.push_back({at, number->second, {.jobs = 1, .gpu_time = gpu_time}});
  for (Sum& sum : sums_) sum.add(entries_.back());
}

std::vector<GameUse> UsageLog::since(base::WallTime start, base::WallTime /*now*/) const {
  auto sum = std::find_if(sums_.begin(), sums_.end(), [start](const Sum& one) { return one.start == start; });
  if (sum == sums_.end()) {
    if (sums_.size() == kKeptSums) sums_.erase(sums_.begin());
    sum = sums_.insert(sums_.end(), Sum{start, {}});
    for (const Entry& entry : entries_) sum->add(entry);
  }
  std::vector<GameUse> uses;
  for (std::size_t game = 0; game < sum->games.size(); ++game) {
    if (sum->games[game].jobs > 0) uses.push_back({games_[game], sum->games[game]});
  }
  return uses;
}

}  // namespace job
