#include "history/past_work/minutes.h"

#include <algorithm>

namespace history {

void Minutes::accepted(const base::JobId& job, const base::GameId& game, base::WallTime at) {
  if (at == base::WallTime() || jobs_.contains(job)) return;
  forget(at - kKept);
  add(Counted{job, at});
  add(UsedMinute{game, at, {.jobs = 1}});
}

void Minutes::ran(const base::JobId& job, const base::GameId& game, base::Duration time) {
  const auto known = jobs_.find(job);
  if (known != jobs_.end() && time > base::Duration()) add(UsedMinute{game, known->second, {.gpu_time = time}});
}

void Minutes::add(const Counted& counted) {
  const auto [entry, is_new] = jobs_.emplace(counted.job, counted.at);
  if (!is_new) return;
  ages_.push_back(&*entry);
  while (ages_.size() > remembered_jobs_) {
    const auto* oldest = ages_.front();
    ages_.pop_front();
    jobs_.erase(jobs_.find(oldest->first));
  }
}

void Minutes::add(const UsedMinute& minute) {
  const auto at = std::chrono::floor<std::chrono::minutes>(minute.at);
  Game& game = games_[minute.game];
  Sums& sums = game.sums;
  // Nearly always the last one; the wall clock may have been set back.
  const auto known = std::find_if(sums.rbegin(), sums.rend(), [at](const auto& entry) { return entry.first <= at; });
  auto place = known.base();
  if (known != sums.rend() && known->first == at) {
    --place;
  } else {
    place = sums.emplace(place, at, known == sums.rend() ? game.forgotten : known->second);
    ++minutes_;
  }
  for (; place != sums.end(); ++place) place->second.add(minute.used);
  while (minutes_ > kMostMinutes || games_.size() > job::kMostUsedGames) forget_oldest();
}

void Minutes::forget_first(Game& game) {
  game.forgotten = game.sums.front().second;
  game.sums.pop_front();
  --minutes_;
}

void Minutes::forget(base::WallTime before) {
  while (!ages_.empty() && ages_.front()->second < before) {
    const auto* oldest = ages_.front();
    ages_.pop_front();
    jobs_.erase(jobs_.find(oldest->first));
  }
  for (auto game = games_.begin(); game != games_.end();) {
    Sums& sums = game->second.sums;
    while (!sums.empty() && sums.front().first < before) forget_first(game->second);
    game = sums.empty() ? games_.erase(game) : std::next(game);
  }
}

void Minutes::forget_oldest() {
  const auto oldest = std::min_element(games_.begin(), games_.end(), [](const auto& left, const auto& right) {
    return left.second.sums.front().first < right.second.sums.front().first;
  });
  forget_first(oldest->second);
  if (oldest->second.sums.empty()) games_.erase(oldest);
}

job::Used Minutes::sum_before(const Game& game, base::WallTime when) {
  const auto after = std::lower_bound(game.sums.begin(), game.sums.end(), when,
                                      [](const auto& entry, base::WallTime at) { return entry.first < at; });
  return after == game.sums.begin() ? game.forgotten : std::prev(after)->second;
}

std::vector<job::GameUse> Minutes::since(base::WallTime start, base::WallTime now) const {
  std::vector<job::GameUse> uses;
  for (const auto& [name, game] : games_) {
    const job::Used used = sum_before(game, now + base::Duration(1)) - sum_before(game, start);
    if (used != job::Used()) uses.push_back({name.str(), used});
  }
  return uses;
}

std::vector<UsedMinute> Minutes::minutes() const {
  std::vector<UsedMinute> all;
  all.reserve(minutes_);
  for (const auto& [name, game] : games_) {
    job::Used before = game.forgotten;
    for (const auto& [at, sum] : game.sums) {
      all.push_back({name, at, sum - before});
      before = sum;
    }
  }
  return all;
}

std::vector<Counted> Minutes::counted() const {
  std::vector<Counted> all;
  all.reserve(ages_.size());
  for (const auto* known : ages_) all.push_back({known->first, known->second});
  return all;
}

}  // namespace history
