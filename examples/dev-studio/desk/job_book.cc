#include "desk/job_book.h"

#include <algorithm>

#include "base/result.h"

namespace desk {

std::vector<std::string> JobBook::add(const std::vector<scenario::Entry>& entries, scenario::Order order) {
  std::vector<std::shared_ptr<const scenario::Entry>> shapes;
  for (const scenario::Entry& entry : entries) shapes.push_back(std::make_shared<const scenario::Entry>(entry));
  std::vector<std::pair<std::uint64_t, std::size_t>> turns;  // index within the entry, entry
  for (std::size_t shape = 0; shape < shapes.size(); ++shape) {
    for (std::uint64_t i = 0; i < shapes[shape]->count; ++i) turns.emplace_back(i, shape);
  }
  if (order == scenario::Order::kRoundRobin) std::sort(turns.begin(), turns.end());
  std::vector<std::string> ids;
  for (const auto& [index, shape] : turns) {
    Job job;
    job.id = prefix_ + "-" + std::to_string(jobs_.size() + 1);
    job.entry = shapes[shape];
    job.index = index;
    by_id_.emplace(job.id, jobs_.size());
    queue_.push_back(jobs_.size());
    ids.push_back(job.id);
    jobs_.push_back(std::move(job));
  }
  return ids;
}

std::optional<JobIndex> JobBook::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

void JobBook::take(JobIndex index) {
  const auto found = std::find(queue_.begin(), queue_.end(), index);
  STUDIO_ASSERT(found != queue_.end());
  queue_.erase(found);
}

void JobBook::requeue(JobIndex index, bool in_front) {
  Job& job = at(index);
  job.state = JobState::kQueued;
  job.holder = 0;
  job.unanswered_beats = 0;
  if (in_front)
    queue_.push_front(index);
  else
    queue_.push_back(index);
}

bool JobBook::give_back(JobIndex index) {
  Job& job = at(index);
  ++job.attempts;
  if (job.attempts >= max_attempts_) return false;
  requeue(index, false);
  return true;
}

void JobBook::settle(JobIndex index, scenario::Outcome outcome) {
  Job& job = at(index);
  STUDIO_ASSERT(job.state != JobState::kSettled);
  if (job.state == JobState::kQueued) take(index);
  job.state = JobState::kSettled;
  job.outcome = outcome;
  job.holder = 0;
  job.claim = {};
  ++settled_;
}

void JobBook::reopen(JobIndex index) {
  Job& job = at(index);
  STUDIO_ASSERT(job.state == JobState::kSettled);
  --settled_;
  job.reoffered = true;
  requeue(index, true);
}

}  // namespace desk
