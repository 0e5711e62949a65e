#include "policy/host/shadow/shadow.h"

#include <utility>

#include "base/log.h"
#include "base/text/lines.h"
#include "policy/generations/store.h"

namespace policy::host {

Shadow::Shadow(asio::any_io_executor executor, base::Clock& clock, ShadowOptions options)
    : executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      reload_(clock, options_.disk, options_.path, options_.quiet, options_.look),
      tasks_(executor),
      children_(executor) {
  about_.path = options_.path;
}

asio::awaitable<base::Status> Shadow::start() {
  CO_TRY(auto folder, FolderWatch::open(executor_, options_.path));
  CO_TRY(auto files, reload_.read_now());
  const auto loaded = co_await load(std::move(files));
  if (!loaded) co_return loaded.error();
  auto following = follow(std::move(folder));
  tasks_.spawn("shadow watch", std::move(following));
  tasks_.spawn("shadow", work());
  co_return base::Status();
}

/// The counts begin again: they are of these files.
asio::awaitable<base::Status> Shadow::load(SourceFiles files) {
  CO_TRY(auto child, Child::spawn(executor_, options_.host_program));
  auto attending = attend(child);
  children_.spawn("shadow child", std::move(attending));
  Candidate candidate{child};
  const auto limits = options_.runtime;
  auto loaded = co_await child->load(clock_, files, limits);
  if (!loaded) co_return std::move(loaded).error();
  candidate.wanted = true;
  if (const auto old = std::exchange(child_, std::move(child))) old->retire();
  declared_ = std::move(*loaded);
  if (files == files_) co_return base::Status();
  files_ = std::move(files);
  about_.hash = generations::fingerprint(files_);
  about_.since = clock_.wall_now();
  tally_ = {};
  waiting_.clear();
  co_return base::Status();
}

/// Reaps the child. One that ended on its own is replaced.
asio::awaitable<void> Shadow::attend(std::shared_ptr<Child> child) {
  const auto status = co_await child->wait_exit();
  if (child != child_) co_return;
  child_.reset();
  ++about_.restarts;
  base::log::warn("policy", "the host of the shadow policy ended and is started again",
                  {{"why", process::to_string(status)}});
  tasks_.spawn("shadow restart", restart());
}

asio::awaitable<void> Shadow::restart() {
  while (!child_) {
    const auto again = clock_.now() + kRestartPause;
    co_await clock_.sleep_until(again);
    if (child_) co_return;
    auto files = files_;
    const auto loaded = co_await load(std::move(files));
    if (!loaded) {
      base::log::error("policy", "the host of the shadow policy cannot be started",
                       {{"error", loaded.error().message}});
    }
  }
}

asio::awaitable<void> Shadow::follow(FolderWatch folder) {
  for (;;) {
    auto files = co_await reload_.next(folder);
    auto loaded = base::Status();
    if (!files)
      loaded = std::move(files).error();
    else if (*files != files_)
      loaded = co_await load(std::move(*files));
    about_.error = loaded ? "" : base::printable_lines(loaded.error().message);
    if (!loaded) base::log::warn("policy", "the saved shadow policy is refused", {{"error", loaded.error().message}});
  }
}

void Shadow::offer(const job::Offer& offer, const job::Facts& facts, const job::Decision& decision) {
  if (waiting_.size() == kMostWaiting) {
    ++about_.dropped;
    return;
  }
  Waiting& one = waiting_.emplace_back();
  one.record.set(offer, facts, decision);
  if (facts.usage != nullptr) {
    one.usage.emplace();
    for (const auto start : declared_->rules.calendar.period_starts(facts.now)) {
      job::UsageTable::Row row;
      for (const auto& [game, used] : facts.usage->since(start, facts.now)) row.emplace_back(game, used);
      one.usage->add(start, std::move(row));
    }
  }
  arrived_.notify();
}

asio::awaitable<void> Shadow::work() {
  for (;;) {
    while (waiting_.empty()) co_await arrived_.wait();
    Waiting one = std::move(waiting_.front());
    waiting_.pop_front();
    const auto hash = about_.hash;
    auto verdict = co_await decide(one);
    if (hash != about_.hash) continue;
    tally_.add(one.record, verdict);
    one.record.mode = records::Mode::kShadow;
    one.record.zone = declared_->rules.calendar.zone().name();
    one.record.policy_hash = about_.hash;
    one.record.decision = std::move(verdict.decision);
    one.record.error = std::move(verdict.error);
    one.record.instructions = verdict.instructions;
    options_.record(one.record);
  }
}

asio::awaitable<Verdict> Shadow::decide(const Waiting& one) {
  const auto child = child_;
  Verdict verdict;
  verdict.decision.reason = "policy error";
  verdict.error = "the policy host is starting again";
  if (!child) co_return verdict;
  auto facts = one.record.facts;
  facts.usage = one.usage ? &*one.usage : nullptr;
  auto starts = one.usage ? one.usage->starts() : std::vector<base::WallTime>();
  auto answer = co_await child->decide(clock_, one.record.offer, facts, std::move(starts), false, options_.hard_limit,
                                       Patience::kReactor);
  if (answer) co_return std::move(*answer);
  child->kill();
  verdict.error = answer.error().message;
  co_return verdict;
}

ShadowReport Shadow::report() const {
  ShadowReport report = about_;
  report.tally = tally_.report();
  return report;
}

asio::awaitable<void> Shadow::stop() {
  tasks_.cancel_all();
  co_await tasks_.wait();
  if (const auto child = std::exchange(child_, nullptr)) child->kill();
  co_await children_.wait();
}

}  // namespace policy::host
