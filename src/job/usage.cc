#include "job/usage.h"

#include <algorithm>
#include <cmath>

namespace job {
namespace {

template <class Number>
double or_one(const std::optional<Number>& fact) {
  return std::max(1.0, static_cast<double>(fact.value_or(1)));
}

double work(const Offer& offer) {
  const TaskFacts& facts = offer.facts;
  const double pixels = or_one(facts.width) * or_one(facts.height);
  switch (offer.kind) {
    case Kind::kImage:
      return pixels * or_one(facts.steps);
    case Kind::kVideo:
      return pixels * or_one(facts.steps) * or_one(facts.seconds);
    case Kind::kLlm:
      return or_one(facts.chars) + 16 * or_one(facts.max_tokens);
    case Kind::kAudioStt:
      return or_one(facts.seconds);
    case Kind::kAudioTts:
      return or_one(facts.chars);
    case Kind::kMesh:
      return or_one(facts.steps);
  }
  return 1;
}

}  // namespace

void Used::add(const Used& more) {
  jobs += more.jobs;
  gpu_time = std::min(kMostUsedTime, gpu_time + std::clamp(more.gpu_time, base::Duration(), kMostUsedTime));
}

std::vector<base::WallTime> UsageTable::starts() const {
  std::vector<base::WallTime> starts;
  starts.reserve(rows_.size());
  for (const auto& [start, games] : rows_) starts.push_back(start);
  return starts;
}

std::vector<GameUse> UsageTable::since(base::WallTime start, base::WallTime /*now*/) const {
  std::vector<GameUse> uses;
  const auto row =
      std::find_if(rows_.begin(), rows_.end(), [start](const auto& known) { return known.first == start; });
  if (row == rows_.end()) return uses;
  uses.reserve(row->second.size());
  for (const auto& [game, used] : row->second) uses.push_back({game, used});
  return uses;
}

std::uint32_t size_class(const Offer& offer) {
  // Facts that are no number or infinite belong to one class: no estimate is made of nonsense.
  const double size = work(offer);
  return std::isfinite(size) ? static_cast<std::uint32_t>(2 * std::log2(size)) : 0;
}

}  // namespace job
