#pragma once
// JobTable: the jobs that this worker holds now, from accept to settled. Thread: io.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/clock.h"
#include "base/ids.h"
#include "engine/engine_pool.h"
#include "job/kind.h"
#include "studio/studio_link.h"

namespace worker {

enum class JobStage : std::uint8_t { kPreparing, kRunning, kDelivering };

constexpr std::string_view to_string(JobStage stage) {
  switch (stage) {
    case JobStage::kPreparing:
      return "preparing";
    case JobStage::kRunning:
      return "running";
    case JobStage::kDelivering:
      return "delivering";
  }
  return "";
}

/// One job. The studio's claim on it lives on one session at a time; a re-offer moves it to the present one.
struct ActiveJob {
  base::JobId id;
  base::GameId game;
  job::Kind kind = job::Kind::kImage;
  std::string task_hash;
  JobStage stage = JobStage::kPreparing;
  bool failing = false;    // its fail frame is on the way
  bool delivered = false;  // its receipt is here
  base::SteadyTime since{};
  base::Duration ran{};  // engine time
  std::optional<engine::Progress> progress;
  std::string cancel_reason;  // set before the pipeline's coroutine is cancelled
  std::optional<base::TaskGroup::TaskId> task;

  studio::SessionNumber session = 0;  // 0 = not claimed by us as far as we know
  std::uint64_t claims = 0;           // counts accepts; 0 = still being decided
  unsigned offers = 1;                // that came before the verdict; each gets its answer
  base::Event claimed;
};

class JobTable {
 public:
  /// Called after everything that may change what the heartbeat says of our jobs, or whether they are settled.
  void on_change(std::function<void()> callback) { changed_ = std::move(callback); }

  std::shared_ptr<ActiveJob> add(ActiveJob job) {
    const base::JobId id = job.id;
    return jobs_[id] = std::make_shared<ActiveJob>(std::move(job));
  }
  std::shared_ptr<ActiveJob> find(const base::JobId& id) const {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : found->second;
  }
  void erase(const base::JobId& id) {
    jobs_.erase(id);
    changed();
  }
  void claim(ActiveJob& job, studio::SessionNumber session) {
    job.session = session;
    ++job.claims;
    job.claimed.notify();
    changed();
  }
  /// The studio gave the claim with this number up; a newer one stays.
  void lose_claim(ActiveJob& job, std::uint64_t claim) {
    if (claim != job.claims || job.session == 0) return;
    job.session = 0;
    changed();
  }
  void enter(ActiveJob& job, JobStage stage) {
    job.stage = stage;
    changed();
  }

  /// What `currentJobId` of the heartbeat says: the running job, else a claimed one that is being delivered.
  std::optional<base::JobId> current() const {
    const auto pick = [&](auto wanted) -> std::optional<base::JobId> {
      const auto found =
          std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) { return wanted(*entry.second); });
      if (found == jobs_.end()) return std::nullopt;
      return found->first;
    };
    if (auto running =
            pick([](const ActiveJob& job) { return job.claims > 0 && job.stage != JobStage::kDelivering; })) {
      return running;
    }
    return pick([](const ActiveJob& job) { return job.session != 0 && !job.delivered; });
  }

  const std::map<base::JobId, std::shared_ptr<ActiveJob>>& all() const { return jobs_; }
  /// Jobs that still need the machine: everything before delivery.
  std::size_t working() const {
    return static_cast<std::size_t>(std::count_if(
        jobs_.begin(), jobs_.end(), [](const auto& entry) { return entry.second->stage != JobStage::kDelivering; }));
  }
  /// Jobs whose result the studio waits for, or that still run.
  std::size_t unsettled() const {
    return static_cast<std::size_t>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
      return entry.second->stage != JobStage::kDelivering || entry.second->session != 0;
    }));
  }

 private:
  void changed() const {
    if (changed_) changed_();
  }

  std::map<base::JobId, std::shared_ptr<ActiveJob>> jobs_;
  std::function<void()> changed_;
};

}  // namespace worker
