#pragma once
// JobPipeline: the life of one offer as one coroutine, from the verdict to the settled record. Thread: io.

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "admission/ledger.h"
#include "base/async/task_group.h"
#include "base/clock.h"
#include "engine/engine_pool.h"
#include "history/journal.h"
#include "job/decision.h"
#include "job/offer.h"
#include "job/result.h"
#include "policy/policy_host.h"
#include "studio/studio_link.h"
#include "worker/delivery.h"
#include "worker/house_rules.h"
#include "worker/inputs.h"
#include "worker/job_table.h"

namespace worker {

namespace asio = boost::asio;

/// A verdict as `status` shows it.
struct Verdict {
  base::WallTime at;
  base::JobId job;
  base::GameId game;
  job::Kind kind = job::Kind::kImage;
  bool accepted = false;
  std::string code;
  std::string reason;
  std::string rule;
  std::uint64_t generation = 0;
  base::Duration took{};
};

struct PipelineCounters {
  std::uint64_t accepted = 0;
  std::uint64_t declined = 0;
  std::uint64_t adopted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  std::uint64_t handed_back = 0;
  std::uint64_t superseded = 0;
};

/// Everything a job needs of its worker. Borrowed; outlives every pipeline.
struct PipelineParts {
  base::Clock& clock;
  studio::StudioLink& link;
  policy::PolicyHost& policy;
  admission::Ledger& ledger;
  history::Journal& journal;
  engine::EnginePool& engines;
  Inputs& inputs;
  Delivery& delivery;
  HouseRules& rules;
  JobTable& jobs;
  asio::any_io_executor disk;
  std::function<job::Facts()> facts;
  std::function<void(const Verdict&)> decided;
};

class JobPipeline {
 public:
  explicit JobPipeline(PipelineParts parts) : parts_(std::move(parts)) {}

  /// Decides, answers, runs, delivers. Cancelling the coroutine while the engine runs hands the job back
  /// (`ActiveJob::cancel_reason`); while it delivers, the result stays in the outbox.
  asio::awaitable<void> run(studio::OfferedJob offered);

  /// Delivers a result from before a restart; waits for the studio to offer the job again.
  asio::awaitable<void> resume(history::Produced result);

  const PipelineCounters& counters() const { return counters_; }
  const std::deque<Verdict>& verdicts() const { return verdicts_; }

 private:
  struct Membership;

  /// Answers the offer of a job in the table: adopted, or turned down.
  bool is_here_already(const job::Offer& offer, const std::string& hash, studio::SessionNumber session);
  asio::awaitable<job::Decision> decide(const job::Offer& offer);
  admission::Lease admit(const job::Offer& offer, const std::string& hash, job::Decision& decision);
  /// Everything from the accept frame to the stored result.
  asio::awaitable<std::variant<history::Produced, job::Failure>> work(job::Offer& offer, job::Plan plan,
                                                                      ActiveJob& active,
                                                                      std::optional<history::JsonText>& fresh);
  base::Status accept(const ActiveJob& active, studio::SessionNumber session);
  void decline(const job::Offer& offer, const ActiveJob& active, studio::SessionNumber session,
               const job::Decision& decision);
  asio::awaitable<std::variant<engine::RunRequest, job::Failure>> prepare(const job::Offer& offer,
                                                                          const job::Plan& plan);
  asio::awaitable<std::variant<job::Artifacts, job::Failure>> execute(const job::Offer& offer,
                                                                      engine::RunRequest request, ActiveJob& active);
  asio::awaitable<void> fail(ActiveJob& active, job::Failure failure);
  asio::awaitable<void> finish(ActiveJob& active, Delivered delivered);
  void close(const ActiveJob& active, job::Outcome outcome, std::string detail, base::Bytes bytes);
  void report_verdict(const job::Offer& offer, const job::Decision& decision, base::Duration took);

  PipelineParts parts_;
  PipelineCounters counters_;
  std::deque<Verdict> verdicts_;
};

}  // namespace worker
