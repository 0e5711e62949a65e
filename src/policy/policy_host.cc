#include "policy/policy_host.h"

#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/async/timeout.h"
#include "base/log.h"
#include "policy/host/host.h"
#include "policy/rules/poll.h"

namespace policy {
namespace {

constexpr base::Duration kRestartPause = std::chrono::seconds(1);  // after a restart that failed
constexpr std::size_t kLongestReason = 200;

/// The first line, as far as a place goes: "20-games.lua:3".
std::string place_of(std::string_view error) {
  const auto end = error.find(": ");
  return end == std::string_view::npos ? std::string() : std::string(error.substr(0, end));
}

job::Decision decline(std::string reason, std::string rule, std::uint64_t generation) {
  job::Decision decision;
  decision.code = job::RejectCode::kPaused;
  decision.reason = std::move(reason);
  decision.rule = std::move(rule);
  decision.generation = generation;
  return decision;
}

}  // namespace

Host::Host(asio::any_io_executor executor, base::Clock& clock, PolicyOptions options)
    : executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      pauses_(executor, options_.disk, clock, options_.data),
      reload_(clock, options_.disk ? options_.disk : executor, options_.path, options_.quiet, options_.look),
      keeper_(executor, options_.disk, clock, generations::folder_in(options_.data), options_.path),
      recorder_(executor, options_.disk, clock, records::folder_in(options_.data)),
      tasks_(executor),
      children_(executor) {
  const auto disk_trouble = [this] {
    status_.disk_error = base::log::printable(keeper_.trouble().empty() ? recorder_.trouble() : keeper_.trouble());
    changed();
  };
  keeper_.on_trouble(disk_trouble);
  recorder_.on_trouble(disk_trouble);
}

asio::awaitable<base::Status> Host::start() {
  if (options_.path.empty()) co_return base::Status();
  if (::access(options_.host_program.c_str(), X_OK) != 0) {
    co_return base::Error{base::Code::kNotFound, "cannot start the policy host " + options_.host_program.string() +
                                                     ": " + std::system_category().message(errno)};
  }
  CO_TRY(auto folder, host::FolderWatch::open(executor_, options_.path));
  recorder_.start();
  pauses_.open();
  co_await restore();
  auto files = reload_.read_now();
  co_await consider(std::move(files), std::string(generations::kFoundAtStart));
  auto watching = watch(std::move(folder));
  tasks_.spawn("policy watch", std::move(watching));
  if (options_.logs) tasks_.spawn("log records", options_.logs->run(rewriter()));
  co_return base::Status();
}

asio::awaitable<void> Host::stop() {
  stopping_ = true;
  tasks_.cancel_all();
  co_await tasks_.wait();
  if (options_.logs) {
    auto last = options_.logs->finish(rewriter());
    co_await std::move(last);
  }
  if (const auto ended = std::exchange(shadow_, nullptr)) co_await ended->stop();
  if (active_) active_->retire();
  active_.reset();
  co_await children_.wait();
  co_await pauses_.close();
  co_await keeper_.written();
  co_await recorder_.stop();
}

PolicyStatus Host::status() const {
  PolicyStatus status = status_;
  status.unrecorded = recorder_.lost();
  if (options_.logs) status.log_problems = options_.logs->problems();
  if (shadow_) status.shadow = shadow_->path().string();
  return status;
}

// Children

asio::awaitable<base::Result<Started>> Host::start_child(const SourceFiles& files) {
  CO_TRY(auto child, host::Child::spawn(executor_, options_.host_program));
  auto attending = attend(child);
  children_.spawn("policy child", std::move(attending));
  host::Candidate candidate{child};
  const auto limits = runtime_options();
  auto loaded = co_await child->load(clock_, files, limits);
  if (!loaded) co_return std::move(loaded).error();
  candidate.wanted = true;
  co_return Started{std::move(child), std::move(*loaded)};
}

/// Reaps the child, and replaces it when it died on its own.
asio::awaitable<void> Host::attend(ChildPtr child) {
  const auto status = co_await child->wait_exit();
  lose(child, process::to_string(status));
}

/// The child is no good any more. Does nothing when another one is active already.
void Host::lose(const ChildPtr& child, std::string_view why) {
  child->kill();
  if (child != active_ || stopping_) return;
  active_.reset();
  ++status_.restarts;
  base::log::warn("policy", "the policy host ended and is started again", {{"why", why}});
  restarting_ = true;
  tasks_.spawn("policy restart", restart());
}

asio::awaitable<void> Host::restart() {
  while (!active_) {
    auto started = co_await start_child(good_);
    if (active_) {
      if (started) started->child->retire();
      break;
    }
    if (started) {
      active_ = std::move(started->child);
      break;
    }
    base::log::error("policy", "the policy host cannot be started", {{"error", started.error().message}});
    const auto again = clock_.now() + kRestartPause;
    co_await clock_.sleep_until(again);
  }
  restarting_ = false;
  restarted_.notify();
  changed();
}

asio::awaitable<void> Host::wait_for_restart() {
  struct Wait {
    static asio::awaitable<base::Status> done(Host& host) {
      while (host.restarting_) co_await host.restarted_.wait();
      co_return base::Status();
    }
  };
  auto waiting = base::with_timeout(clock_, options_.hard_limit, std::string("restart"), Wait::done(*this));
  static_cast<void>(co_await std::move(waiting));
}

// Decisions

asio::awaitable<job::Decision> Host::decide(const job::Offer& offer, const job::Facts& facts) {
  if (options_.path.empty()) {
    job::Decision everything;
    everything.accepted = true;
    co_return everything;
  }
  const Asked asked{offer, facts, clock_.now()};
  if (auto decision = decide_by_declarations(asked)) co_return std::move(*decision);
  while (deciding_) co_await turn_.wait();
  const Turn turn(deciding_, turn_);
  if (restarting_) co_await wait_for_restart();
  const auto child = active_;
  const auto generation = status_.generation;
  if (!child && status_.safe_mode) co_return decline("no policy could be loaded", place_of(status_.error), 0);
  if (!child) co_return decline("policy error: the policy host is starting again", {}, generation);
  std::vector<base::WallTime> periods;
  if (declared_) periods = declared_->rules.calendar.period_starts(facts.now);
  auto verdict =
      co_await child->decide(clock_, offer, facts, std::move(periods), options_.explain, options_.hard_limit);
  if (verdict) co_return finish(std::move(*verdict), generation, asked);
  ++status_.errors;
  base::log::error("policy", "no verdict on an offer", {{"job", offer.id}, {"error", verdict.error().message}});
  lose(child, verdict.error().message);
  co_return finish(Verdict{decline("policy error: no verdict in time", {}, generation)}, generation, asked);
}

/// What is declared needs no Lua, and so no child: only hooks that have a say left are asked over there. The child then
/// asks the declared rules once more: one microsecond, and the whole verdict comes from one place.
std::optional<job::Decision> Host::decide_by_declarations(const Asked& asked) {
  if (!declared_ || options_.explain) return std::nullopt;
  rules::Poll poll(false);
  poll.ask(declared_->rules, asked.offer, asked.facts);
  if (poll.open() && declared_->has_hooks[HookEvent::kOffer]) return std::nullopt;
  return finish(Verdict{poll.take()}, status_.generation, asked);
}

job::Decision Host::finish(Verdict verdict, std::uint64_t generation, const Asked& asked) {
  job::Decision decision = std::move(verdict.decision);
  decision.generation = generation;
  decision.reason = base::log::printable(decision.reason, kLongestReason);
  for (job::TraceLine& line : decision.trace) line.text = base::log::printable(line.text);
  if (!verdict.error.empty()) {
    ++status_.errors;
    base::log::error("policy", "a hook failed; the offer is declined", {{"error", verdict.error}});
  }
  const auto took = clock_.now() - asked.since;
  recorder_.add(asked.offer, asked.facts, decision, verdict.error, verdict.instructions, took);
  if (shadow_) shadow_->offer(asked.offer, asked.facts, decision);
  return decision;
}

asio::awaitable<base::Result<logs::Rewritten>> Host::rewrite(std::vector<logs::LogFacts> records) {
  while (deciding_) co_await turn_.wait();
  const Turn turn(deciding_, turn_);
  if (restarting_) co_await wait_for_restart();
  const auto child = active_;
  if (!child) co_return base::Error{base::Code::kUnavailable, "the policy host is starting again"};
  auto rewritten = co_await child->rewrite(clock_, std::move(records), options_.hard_limit);
  if (!rewritten) lose(child, rewritten.error().message);
  if (!rewritten || !rewritten->error.empty()) ++status_.errors;
  co_return rewritten;
}

std::unique_ptr<PolicyHost> make_policy_host(asio::any_io_executor executor, base::Clock& clock,
                                             PolicyOptions options) {
  return std::make_unique<Host>(std::move(executor), clock, std::move(options));
}

}  // namespace policy
