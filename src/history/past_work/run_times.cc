#include "history/past_work/run_times.h"

#include <algorithm>

namespace history {

void RunTimes::add(const JobClass& of, base::Duration ran) {
  if (ran <= base::Duration()) return;
  Entry& entry = entries_[of];
  entry.serial = ++serial_;
  entry.ran.push_back(ran);
  if (entry.ran.size() > kLast) entry.ran.pop_front();
  if (entries_.size() <= kMostClasses) return;
  entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& left, const auto& right) {
    return left.second.serial < right.second.serial;
  }));
}

std::optional<base::Duration> RunTimes::median(const JobClass& of) const {
  const auto found = entries_.find(of);
  if (found == entries_.end() || found->second.ran.size() < kFewest) return std::nullopt;
  auto sorted = found->second.ran;
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

std::vector<Times> RunTimes::all() const {
  std::vector<std::map<JobClass, Entry>::const_pointer> entries;
  entries.reserve(entries_.size());
  for (const auto& entry : entries_) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const auto* left, const auto* right) { return left->second.serial < right->second.serial; });
  std::vector<Times> all;
  all.reserve(entries.size());
  for (const auto* entry : entries) all.push_back({entry->first, entry->second.ran});
  return all;
}

}  // namespace history
