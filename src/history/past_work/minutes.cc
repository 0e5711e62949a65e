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
  auto& list = games_[minute.game];
  // Nearly always the last one; the wall clock may have been set back.
  const auto later = std::find_if(list.rbegin(), list.rend(), [at](const Minute& known) { return known.first <= at; });
  if (later != list.rend() && later->first == at) {
    later->second.add(minute.used);
  } else {
    list.insert(later.base(), {at, {}})->second.add(minute.used);
    ++minutes_;
  }
  while (minutes_ > kMostMinutes || games_.size() > job::kMostUsedGames) forget_oldest();
}

void Minutes::forget(base::WallTime before) {
  while (!ages_.empty() && ages_.front()->second < before) {
    const auto* oldest = ages_.front();
    ages_.pop_front();
    jobs_.erase(jobs_.find(oldest->first));
  }
  for (auto game = games_.begin(); game != games_.end();) {
    auto& list = game->second;
    for (; !list.empty() && list.front().first < before; --minutes_) list.pop_front();
    game = list.empty() ? games_.erase(game) : std::next(game);
  }
}

void Minutes::forget_oldest() {
  const auto oldest = std::min_element(games_.begin(), games_.end(), [](const auto& left, const auto& right) {
    return left.second.front().first < right.second.front().first;
  });
  oldest->second.pop_front();
  --minutes_;
  if (oldest->second.empty()) games_.erase(oldest);
}

std::vector<job::GameUse> Minutes::since(base::WallTime start, base::WallTime now) const {
  std::vector<job::GameUse> uses;
  for (const auto& [game, list] : games_) {
    job::Used sum;
    for (auto minute = list.rbegin(); minute != list.rend() && minute->first >= start; ++minute) {
      if (minute->first <= now) sum.add(minute->second);
    }
    if (sum != job::Used()) uses.push_back({game.str(), sum});
  }
  return uses;
}

std::vector<UsedMinute> Minutes::minutes() const {
  std::vector<UsedMinute> all;
  all.reserve(minutes_);
  for (const auto& [game, list] : games_) {
    for (const auto& [at, used] : list) all.push_back({game, at, used});
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
