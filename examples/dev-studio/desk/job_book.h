#pragma once
// The studio's jobs: which wait, which are claimed, which are settled and how.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "desk/record.h"
#include "scenario/claim.h"
#include "scenario/scenario.h"

namespace desk {

using JobIndex = std::size_t;

enum class JobState : std::uint8_t { kQueued, kOffered, kAccepted, kSettled };

struct StoredResult {
  std::string file;  // empty when nothing is kept on disk
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string ext;
};

struct Job {
  std::string id;
  std::shared_ptr<const scenario::Entry> entry;
  std::uint64_t index = 0;  // within the entry
  scenario::Claim claim;    // made at the offer, dropped when the job settles

  JobState state = JobState::kQueued;
  scenario::Outcome outcome = scenario::Outcome::kUnfinished;
  SessionId holder = 0;  // who has the claim, 0 = nobody
  SessionId done_by = 0;

  std::uint64_t attempts = 0;
  std::uint64_t offers = 0;
  std::uint64_t soft_declines = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t unanswered_beats = 0;  // idle heartbeats that came instead of an answer
  bool portal_answered = false;        // its upload got a captive portal's page and was not stored
  bool reoffered = false;              // finished, and offered once more by fault

  std::string verdict;
  std::string reason;
  std::string code;
  std::set<std::string> declined_by;            // workers that never want it
  std::map<std::string, std::uint64_t> passes;  // idle heartbeats of workers that cannot serve it
  std::string rests_for;                        // the worker whose next idle heartbeat it waits for

  base::SteadyTime offered_at{};
  std::optional<double> answer_us;
  std::optional<double> done_us;
  std::optional<StoredResult> result;
};

class JobBook {
 public:
  JobBook(std::string prefix, std::uint64_t max_attempts) : prefix_(std::move(prefix)), max_attempts_(max_attempts) {}

  /// Queues `count` jobs of each entry, one of each in turn or entry after entry. Returns their ids.
  std::vector<std::string> add(const std::vector<scenario::Entry>& entries, scenario::Order order);

  Job& at(JobIndex index) { return jobs_[index]; }
  const std::deque<Job>& all() const { return jobs_; }
  std::optional<JobIndex> find(const std::string& id) const;

  const std::deque<JobIndex>& queue() const { return queue_; }
  /// Takes a queued job out of the queue.
  void take(JobIndex index);
  void requeue(JobIndex index, bool in_front);
  /// Gives the claim back after a lost or failed attempt: queued again, or false when the attempts are used up.
  bool give_back(JobIndex index);
  void settle(JobIndex index, scenario::Outcome outcome);
  /// A finished job that is offered once more keeps its result and leaves the settled ones.
  void reopen(JobIndex index);

  std::size_t settled() const { return settled_; }
  bool all_settled() const { return settled_ == jobs_.size(); }

 private:
  std::string prefix_;
  std::uint64_t max_attempts_;
  std::deque<Job> jobs_;
  std::deque<JobIndex> queue_;
  std::unordered_map<std::string, JobIndex> by_id_;
  std::size_t settled_ = 0;
};

}  // namespace desk
