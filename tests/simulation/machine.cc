#include "simulation/machine.h"

#include "base/files.h"
#include "simulation/studio.h"

namespace simulation {

using namespace std::chrono_literals;

ModelEngines::ModelEngines(Network& network, fakes::VirtualClock& clock, base::Random& random, Trace& trace,
                           const Shelf& shelf, std::shared_ptr<const Life> life)
    : network_(network), clock_(clock), random_(random), trace_(trace), shelf_(shelf), life_(std::move(life)) {
  manifest_.name = "model";
  manifest_.serves = {"synthetic"};
  manifest_.fetch_files = false;
  for (const auto kind : job::kAllKinds) manifest_.models[kind] = {"synthetic"};
}

engine::Roster ModelEngines::roster() const {
  engine::Roster roster;
  for (const auto& [kind, models] : manifest_.models) roster.models.emplace_back(kind, models);
  roster.model_engines = manifest_.serves;
  return roster;
}

const engine::Manifest* ModelEngines::manifest(std::string_view, job::Kind) const {
  return &manifest_;
}

/// Counts a run for as long as its coroutine lives.
class ModelEngines::Busy {
 public:
  explicit Busy(int& count) : count_(count) { ++count_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { --count_; }

 private:
  int& count_;
};

asio::awaitable<std::variant<job::Artifacts, job::Failure>> ModelEngines::run(
    engine::RunRequest request, std::function<void(const engine::Progress&)>) {
  const std::string job = request.job.str();
  if (life_->alive) {
    trace_.line("engine", "runs " + job);
    if (shelf_.produced.contains(job)) trace_.violation("lost-result", job + " runs again although its result is here");
    if (running_ > 0) trace_.violation("two-jobs", job + " runs beside another one");
  }
  const Busy busy(running_);
  const auto until = clock_.now() + 1ms + duration();
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await clock_.sleep_until(until);
  const bool cancelled = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (cancelled) co_return job::Failure{job::FailureClass::kCancelled, "cancelled"};
  auto ended = outcome(request);
  if (never_return_ && std::holds_alternative<job::Failure>(ended)) co_await clock_.sleep_until(until + 24h * 365);
  co_return ended;
}

base::Duration ModelEngines::duration() {
  base::Duration most = network_.calm() ? 1s : 20s;
  if (network_.strikes(Fault::kEngineSlow, 6)) most = 10min;
  return base::Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()))));
}

std::variant<job::Artifacts, job::Failure> ModelEngines::outcome(const engine::RunRequest& request) {
  if (network_.strikes(Fault::kEngineFails, 4)) {
    constexpr std::array kClasses = {job::FailureClass::kCrashed, job::FailureClass::kTimeout,
                                     job::FailureClass::kOomVram, job::FailureClass::kBadRequest};
    const auto failure = kClasses[random_.below(kClasses.size())];
    return job::Failure{failure, "the engine model failed"};
  }
  const std::string content = content_of(request.job.str(), request.kind);
  if (job::is_json_kind(request.kind)) return job::Artifacts(job::JsonResult{content});
  const auto path = request.out_dir / "result.png";
  if (const auto written = base::write_file(path, content); !written) {
    return job::Failure{job::FailureClass::kDiskFull, written.error().message};
  }
  return job::Artifacts(job::FileResult{path, "png", content.size()});
}

asio::awaitable<job::Decision> ModelPolicy::decide(const job::Offer&, const job::Facts&) {
  const auto until = clock_.now() + 50us + base::Duration(static_cast<std::int64_t>(random_.below(5'000'000)));
  co_await clock_.sleep_until(until);
  if (!declines_) co_return job::Decision{.accepted = true};
  co_return job::Decision{.code = job::RejectCode::kPaused, .reason = "not now", .rule = "model.lua:1"};
}

base::Status WatchedJournal::produced(const history::Produced& result) {
  if (!forgets_) CHECK_OK(journal_->produced(result));
  if (life_->alive) shelf_.produced[result.job.str()] = result.folder.native();
  return {};
}

base::Status WatchedJournal::closed(const job::Record& record) {
  auto written = journal_->closed(record);
  // When it could not be written, the next process may deliver again or may not.
  if (life_->alive) {
    shelf_.produced.erase(record.job.str());
    shelf_.synced.erase(record.job.str());
  }
  return written;
}

asio::awaitable<base::Status> WatchedJournal::sync() {
  std::set<std::string> covered;
  for (const auto& [job, folder] : shelf_.produced) covered.insert(job);
  auto synced = co_await journal_->sync();
  if (!synced || !life_->alive) co_return synced;
  for (const auto& job : covered) {
    if (shelf_.produced.contains(job)) shelf_.synced.insert(job);
  }
  co_return synced;
}

}  // namespace simulation
