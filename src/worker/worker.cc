#include "worker/worker.h"

#include <algorithm>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/async/run_on.h"
#include "base/log.h"
#include "base/text/counted.h"
#include "history/outbox.h"

namespace worker {
namespace {

using base::log::Level;

/// How long the start waits for uploads of results from before a restart. The studio frees the claims of a dead worker
/// within its stale limit, so a longer wait would only delay new work; what is left waits for its next offer.
constexpr base::Duration kLeftoverLimit = std::chrono::seconds(10);

/// Long enough for a fail frame to leave and be acknowledged, short enough for a service manager's patience.
constexpr base::Duration kHandBackLimit = std::chrono::seconds(5);

/// Between two looks at a memory limit that a window ends.
constexpr base::Duration kShortestLook = std::chrono::milliseconds(10);
constexpr base::Duration kLongestLook = std::chrono::minutes(1);

}  // namespace

Worker::Worker(WorkerOptions options, studio::Urls urls, Outside outside)
    : options_(std::move(options)),
      outside_(outside),
      trace_(outside_.clock),
      rules_(options_.auto_enabled, options_.only_when_idle, options_.config_name),
      ledger_(options_.admission),
      link_(options_.studio, urls, outside_.connector, outside_.clock, outside_.random),
      uploader_(urls, outside_.http, outside_.clock,
                [this](Level level, std::string message, const base::JobId& job) {
                  link_.note(level, std::move(message), job);
                }),
      inputs_(options_.inputs, outside_.http, outside_.disk),
      delivery_(link_, uploader_, outside_.journal, jobs_, outside_.clock, outside_.random, outside_.disk),
      pipeline_(PipelineParts{outside_.clock, link_, outside_.policy, ledger_, outside_.journal, outside_.engines,
                              inputs_, delivery_, rules_, jobs_, outside_.disk,
                              [this] {
                                return job::Facts{outside_.clock.wall_now(), card_watch_.cards()};
                              },
                              [this](const Verdict& verdict) { trace_.decided(verdict); }}),
      pause_watch_(outside_.policy, outside_.sensors, outside_.clock, outside_.sensing),
      card_watch_(outside_.sensors, outside_.clock, outside_.sensing, options_.gpus),
      started_(outside_.clock.now()),
      idle_since_(started_),
      tasks_(outside_.io),
      pipelines_(outside_.io) {
  link_.on_offer_frame([this] { outside_.policy.wake(); });
  jobs_.on_change([this] { jobs_changed(); });
  outside_.policy.on_change([this](const policy::PolicyStatus& status) { policy_changed(status); });
  pause_watch_.on_change([this] { follow_pause(); });
  card_watch_.on_change([this] { follow_cards(); });
  apply_vram_limit();
  for (const base::JobId& job : outside_.journal.abandoned()) {
    base::log::warn("history", "the worker before this one died while it ran this job; the studio gives it out again",
                    {{"job", job}});
  }
}

asio::awaitable<studio::LinkEnd> Worker::run(studio::Credentials credentials) {
  uploader_.set_credentials(credentials);
  registration_ = [name = "approved as " + credentials.worker.str()] { return name; };
  co_await deliver_leftovers();
  tasks_.spawn("offers", take_offers());
  tasks_.spawn("supervision", supervise());
  tasks_.spawn("memory limit", follow_vram_limit());
  tasks_.spawn("pause watch", pause_watch_.run());
  tasks_.spawn("card watch", card_watch_.run());
  tasks_.spawn("late results", delivery_.sync_late_results());
  idle_since_ = outside_.clock.now();
  const auto end = co_await link_.run(std::move(credentials));
  tasks_.cancel_all();
  co_await tasks_.wait();
  co_await finish();
  co_return end;
}

asio::awaitable<void> Worker::finish() {
  // What still runs has lost its session; what is being delivered stays in the outbox.
  for (const auto& [id, job] : jobs_.all()) {
    if (job->cancel_reason.empty()) job->cancel_reason = "the worker stops";
  }
  pipelines_.cancel_all();
  co_await pipelines_.wait();
}

asio::awaitable<void> Worker::take_offers() {
  for (;;) {
    auto offered = co_await link_.next_offer();
    const base::JobId id = offered.offer.id;
    const auto task = pipelines_.spawn("job " + id.str(), pipeline_.run(std::move(offered)));
    if (const auto active = jobs_.find(id); active && !active->task) active->task = task;
  }
}

asio::awaitable<void> Worker::deliver_leftovers() {
  using namespace asio::experimental::awaitable_operators;
  const auto limit = outside_.clock.now() + kLeftoverLimit;
  for (auto& result : outside_.journal.undelivered()) {
    auto check = [&result] { return history::check_content(result); };
    if (const auto intact = co_await base::run_on(outside_.disk, std::move(check)); !intact) {
      link_.note(Level::kError, intact.error().message + "; the job must run again", result.job);
      close_leftover(result, job::Outcome::kFailed, intact.error().message);
      continue;
    }
    if (!job::is_json_kind(result.kind) && outside_.clock.now() < limit && !now_) {
      auto race = delivery_.try_unclaimed(result) || stopped_or(limit);
      const auto outcome = co_await std::move(race);
      const auto* receipt = std::get_if<0>(&outcome);
      if (receipt != nullptr && *receipt) {
        link_.note(Level::kInfo, "binary upload ok (from before the restart)", studio::about(result));
        close_leftover(result, job::Outcome::kDelivered, "");
        continue;
      }
    }
    const base::JobId id = result.job;
    link_.note(Level::kInfo, "a result from before the restart waits for the studio to offer its job again", id);
    const auto task = pipelines_.spawn("delivery of " + id.str(), pipeline_.resume(std::move(result)));
    if (const auto active = jobs_.find(id)) active->task = task;
  }
}

void Worker::close_leftover(const history::Produced& result, job::Outcome outcome, std::string detail) {
  const job::Record record{result.job, result.game, result.kind, outcome, std::move(detail), result.bytes};
  if (const auto closed = outside_.journal.closed(record); !closed) {
    base::log::error("history", "a result's end could not be written down",
                     {{"job", result.job}, {"why", closed.error().message}});
  }
}

/// Returns at `limit`, or when nothing is waited for any more.
asio::awaitable<void> Worker::stopped_or(base::SteadyTime limit) {
  using namespace asio::experimental::awaitable_operators;
  while (!now_ && outside_.clock.now() < limit) {
    auto event = outside_.clock.sleep_until(limit) || changed_.wait();
    co_await std::move(event);
  }
}

void Worker::jobs_changed() {
  link_.set_current_job(jobs_.current());
  if (jobs_.unsettled() == 0) idle_since_ = outside_.clock.now();
  const auto& counters = pipeline_.counters();
  card_watch_.jobs_failed(counters.failed);
  if (options_.stop_after_jobs && counters.accepted >= *options_.stop_after_jobs) {
    begin_drain("worker ends after " + base::counted(*options_.stop_after_jobs, "job"), std::nullopt);
  }
  changed_.notify();
}

std::optional<base::SteadyTime> Worker::next_deadline() const {
  if (rules_.draining()) return drain_until_;
  if (options_.idle_exit && jobs_.unsettled() == 0) return idle_since_ + *options_.idle_exit;
  return std::nullopt;
}

asio::awaitable<void> Worker::supervise() {
  using namespace asio::experimental::awaitable_operators;
  for (;;) {
    if (rules_.draining() && jobs_.unsettled() == 0) break;
    if (now_) break;
    const auto deadline = next_deadline();
    if (!deadline) {
      co_await changed_.wait();
      continue;
    }
    if (outside_.clock.now() < *deadline) {
      auto due = outside_.clock.sleep_until(*deadline) || changed_.wait();
      co_await std::move(due);
      continue;
    }
    if (!rules_.draining()) {
      link_.note(Level::kInfo, "idle for long enough; ending");
      break;
    }
    // The drain limit passed: hand back what runs. What is being delivered stays in the outbox.
    hand_back_jobs(shutdown_reason_);
    const auto limit = outside_.clock.now() + kHandBackLimit;
    while (jobs_.working() > 0 && outside_.clock.now() < limit && !now_) {
      auto due = outside_.clock.sleep_until(limit) || changed_.wait();
      co_await std::move(due);
    }
    break;
  }
  link_.stop();
}

void Worker::shut_down(std::string reason) {
  shutdown_reason_ = "the worker is shutting down";
  link_.note(Level::kInfo, std::move(reason) + ": finishing the running job, then ending");
  begin_drain("worker is shutting down", options_.drain_timeout);
}

void Worker::shut_down_now() {
  now_ = true;
  for (const auto& [id, job] : jobs_.all()) job->cancel_reason = "the worker was stopped";
  pipelines_.cancel_all();
  link_.stop();
  changed_.notify();
}

void Worker::begin_drain(std::string reason, std::optional<base::Duration> limit) {
  trace_.operator_said(reason);
  rules_.drain(std::move(reason));
  if (limit) drain_until_ = outside_.clock.now() + *limit;
  refresh();
  changed_.notify();
}

void Worker::pause(std::optional<base::Duration> for_time) {
  std::optional<base::SteadyTime> until;
  if (for_time) until = outside_.clock.now() + *for_time;
  rules_.pause(until);
  tasks_.cancel(pause_task_);
  if (until) pause_task_ = tasks_.spawn("end of the pause", end_pause(*until));
  link_.note(Level::kInfo, "claiming paused by operator; the running job goes on");
  trace_.operator_said("claiming paused by operator");
  refresh();
}

void Worker::resume() {
  tasks_.cancel(pause_task_);
  rules_.resume();
  link_.note(Level::kInfo, "claiming resumed by operator; waiting for offers");
  trace_.operator_said("claiming resumed by operator");
  refresh();
}

asio::awaitable<void> Worker::end_pause(base::SteadyTime until) {
  co_await outside_.clock.sleep_until(until);
  // A cancelled sleep returns early; the pause it belonged to is no longer the present one.
  if (outside_.clock.now() < until || rules_.paused_until() != until) co_return;
  resume();
}

/// What runs goes back to the studio; what is being delivered stays in the outbox.
void Worker::hand_back_jobs(const std::string& reason) {
  for (const auto& [id, job] : jobs_.all()) {
    if (job->stage == JobStage::kDelivering || !job->task) continue;
    job->cancel_reason = reason;
    pipelines_.cancel(*job->task);
  }
}

void Worker::follow_pause() {
  using policy::pause::Action;
  const auto& pause = pause_watch_.pause();
  trace_.paused(pause);
  if (!pause.paused()) {
    if (std::exchange(policy_pauses_, false))
      link_.note(Level::kInfo, "the policy's pause is over; waiting for offers");
    rules_.set_policy_pause(std::nullopt, {});
    outside_.engines.set_hold(engine::Hold::kWarm);
    return refresh();
  }
  const auto& first = pause.held.front();
  if (!std::exchange(policy_pauses_, true)) {
    link_.note(Level::kInfo, "paused by the policy: " + first.title + " (" +
                                 std::string(policy::pause::to_string(first.action)) + ")");
  }
  rules_.set_policy_pause(first.title, first.rule);
  const bool release = pause.release_vram() || pause.action() == Action::kReturn;
  if (pause.action() == Action::kReturn) hand_back_jobs("paused: " + first.title);
  const auto hold = release ? engine::Hold::kRunningOnly : engine::Hold::kWarm;
  outside_.engines.set_hold(pause.action() == Action::kSuspend ? engine::Hold::kFrozen : hold);
  refresh();
}

void Worker::follow_cards() {
  const std::string lost = card_watch_.lost();
  ledger_.set_lost_cards(card_watch_.left(), "machine: " + lost);
  if (lost.empty()) {
    link_.note(Level::kInfo, "every card is there again");
  } else {
    link_.note(Level::kError, lost + "; jobs that do not fit into the rest are refused meanwhile");
  }
  refresh();
}

asio::awaitable<base::Result<std::string>> Worker::carry_out(control::PolicyOrder order) {
  using Kind = control::PolicyOrder::Kind;
  switch (order.kind) {
    case Kind::kPromote:
      return outside_.policy.promote(order.shadow);
    case Kind::kShadow:
      return outside_.policy.shadow(std::move(order.path));
    case Kind::kStopShadow:
      return outside_.policy.stop_shadow();
    case Kind::kRollback:
      break;
  }
  return outside_.policy.rollback(order.generation);
}

/// The studio is told what decides here, and what is wrong with a save that does not.
void Worker::policy_changed(const policy::PolicyStatus& status) {
  auto summary = policy::summary_of(status);
  if (summary != std::exchange(policy_summary_, summary) && !summary.empty()) {
    trace_.policy(status, summary);
    link_.note(status.error.empty() && status.held.empty() ? Level::kInfo : Level::kWarn, std::move(summary));
  }
  apply_vram_limit();
  policy_changed_.notify();
  pause_watch_.policy_changed();
}

/// Returns until when the limit holds.
base::WallTime Worker::apply_vram_limit() {
  auto limit = outside_.policy.vram_limit(outside_.clock.wall_now());
  ledger_.set_policy_bound(limit.bytes, std::move(limit.rule));
  refresh();
  return limit.until;
}

asio::awaitable<void> Worker::follow_vram_limit() {
  using namespace asio::experimental::awaitable_operators;
  for (;;) {
    const auto until = apply_vram_limit();
    if (until == base::WallTime::max()) {
      co_await policy_changed_.wait();
      continue;
    }
    // The wall clock may be set meanwhile, so no sleep is long.
    const auto left = std::clamp<base::Duration>(until - outside_.clock.wall_now(), kShortestLook, kLongestLook);
    const auto again = outside_.clock.now() + left;
    auto event = outside_.clock.sleep_until(again) || policy_changed_.wait();
    co_await std::move(event);
  }
}

void Worker::refresh() {
  link_.set_capabilities(capabilities());
}

}  // namespace worker
