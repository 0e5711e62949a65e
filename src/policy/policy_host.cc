#include "policy/policy_host.h"

#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/event.h"
#include "base/log.h"
#include "base/task_group.h"
#include "base/timeout.h"
#include "policy/host/child.h"
#include "policy/host/folder_watch.h"
#include "policy/host/reload.h"
#include "policy/pause/hook_bound.h"
#include "policy/rules/poll.h"

namespace policy {
namespace {

constexpr base::Duration kRestartPause = std::chrono::seconds(1);  // after a restart that failed
constexpr std::size_t kLongestReason = 200;
constexpr std::size_t kLongestError = 2000;

using ChildPtr = std::shared_ptr<host::Child>;

/// A child with its policy loaded.
struct Started {
  ChildPtr child;
  host::Declared declared;
};

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

class Host final : public PolicyHost {
 public:
  Host(asio::any_io_executor executor, base::Clock& clock, PolicyOptions options)
      : executor_(executor),
        clock_(clock),
        options_(std::move(options)),
        reload_(clock, options_.path, options_.quiet),
        tasks_(executor),
        children_(executor) {}

  asio::awaitable<base::Status> start() override;
  void wake() override {
    if (active_ && declared_->has_hooks[HookEvent::kOffer]) active_->wake();
  }
  asio::awaitable<job::Decision> decide(const job::Offer& offer, const job::Facts& facts) override;
  VramLimit vram_limit(base::WallTime now, std::optional<base::Bytes> total) override;
  job::SensorSet watched() const override;
  asio::awaitable<pause::Pause> pause(const job::MachineFacts& facts, base::WallTime now) override;
  PolicyStatus status() const override { return status_; }
  void on_change(std::function<void(const PolicyStatus&)> callback) override { callback_ = std::move(callback); }
  asio::awaitable<void> stop() override;

 private:
  class Turn;

  RuntimeOptions runtime_options() const { return {.memory = options_.memory_limit, .time = options_.soft_limit}; }
  void changed() {
    if (callback_) callback_(status_);
  }

  asio::awaitable<base::Result<Started>> start_child(const SourceFiles& files);
  asio::awaitable<void> attend(ChildPtr child);
  void lose(const ChildPtr& child, std::string_view why);
  asio::awaitable<void> restart();
  asio::awaitable<void> wait_for_restart();

  asio::awaitable<void> watch(host::FolderWatch folder);
  asio::awaitable<void> consider(base::Result<SourceFiles> files);
  void activate(Started started, SourceFiles files);
  void refuse(const base::Error& error);
  std::optional<job::Decision> decide_by_declarations(const job::Offer& offer, const job::Facts& facts);
  job::Decision finish(Verdict verdict, std::uint64_t generation);
  asio::awaitable<Sensed> sense(const job::MachineFacts& facts, base::WallTime now);

  asio::any_io_executor executor_;
  base::Clock& clock_;
  PolicyOptions options_;
  PolicyStatus status_;
  std::function<void(const PolicyStatus&)> callback_;

  ChildPtr active_;
  std::optional<host::Declared> declared_;  // of the policy in force
  pause::Keeper keeper_;
  pause::HookBound hook_bound_;
  std::string sense_error_;
  SourceFiles good_;  // what the active child runs; the files on disk may be broken meanwhile
  host::Reload reload_;
  bool restarting_ = false;
  bool stopping_ = false;
  base::Event restarted_;
  bool deciding_ = false;
  base::Event turn_;

  base::TaskGroup tasks_;
  base::TaskGroup children_;  // one task for each child, until it is reaped
};

/// One decision at a time: the child has one channel.
class Host::Turn {
 public:
  explicit Turn(Host& host) : host_(host) { host_.deciding_ = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    host_.deciding_ = false;
    host_.turn_.notify();
  }

 private:
  Host& host_;
};

asio::awaitable<base::Status> Host::start() {
  if (options_.path.empty()) co_return base::Status();
  if (::access(options_.host_program.c_str(), X_OK) != 0) {
    co_return base::Error{base::Code::kNotFound, "cannot start the policy host " + options_.host_program.string() +
                                                     ": " + std::system_category().message(errno)};
  }
  CO_TRY(auto folder, host::FolderWatch::open(executor_, options_.path));
  auto files = reload_.read_now();
  co_await consider(std::move(files));
  auto watching = watch(std::move(folder));
  tasks_.spawn("policy watch", std::move(watching));
  co_return base::Status();
}

asio::awaitable<void> Host::stop() {
  stopping_ = true;
  tasks_.cancel_all();
  co_await tasks_.wait();
  if (active_) active_->retire();
  active_.reset();
  co_await children_.wait();
}

// Children

asio::awaitable<base::Result<Started>> Host::start_child(const SourceFiles& files) {
  CO_TRY(auto child, host::Child::spawn(executor_, options_.host_program));
  auto attending = attend(child);
  children_.spawn("policy child", std::move(attending));
  // Also when this coroutine is cancelled meanwhile: a child without an owner must end.
  struct Unwanted {
    ChildPtr child;
    bool wanted = false;
    ~Unwanted() {
      if (!wanted) child->kill();
    }
  } guard{child};
  const auto limits = runtime_options();
  auto loaded = co_await child->load(clock_, files, limits);
  if (!loaded) co_return std::move(loaded).error();
  guard.wanted = true;
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
  if (auto decision = decide_by_declarations(offer, facts)) co_return std::move(*decision);
  while (deciding_) co_await turn_.wait();
  const Turn turn(*this);
  if (restarting_) co_await wait_for_restart();
  const auto child = active_;
  const auto generation = status_.generation;
  if (!child && status_.safe_mode) co_return decline("no policy could be loaded", place_of(status_.error), 0);
  if (!child) co_return decline("policy error: the policy host is starting again", {}, generation);
  std::vector<base::WallTime> periods;
  if (declared_) periods = declared_->rules.calendar.period_starts(facts.now);
  auto verdict =
      co_await child->decide(clock_, offer, facts, std::move(periods), options_.explain, options_.hard_limit);
  if (verdict) co_return finish(std::move(*verdict), generation);
  ++status_.errors;
  base::log::error("policy", "no verdict on an offer", {{"job", offer.id}, {"error", verdict.error().message}});
  lose(child, verdict.error().message);
  co_return decline("policy error: no verdict in time", {}, generation);
}

/// What is declared needs no Lua, and so no child: only hooks that have a say left are asked over there. The child then
/// asks the declared rules once more: one microsecond, and the whole verdict comes from one place.
std::optional<job::Decision> Host::decide_by_declarations(const job::Offer& offer, const job::Facts& facts) {
  if (!declared_ || options_.explain) return std::nullopt;
  rules::Poll poll(false);
  poll.ask(declared_->rules, offer, facts);
  if (poll.open() && declared_->has_hooks[HookEvent::kOffer]) return std::nullopt;
  return finish(Verdict{poll.take()}, status_.generation);
}

job::Decision Host::finish(Verdict verdict, std::uint64_t generation) {
  job::Decision decision = std::move(verdict.decision);
  decision.generation = generation;
  decision.reason = base::log::printable(decision.reason, kLongestReason);
  for (job::TraceLine& line : decision.trace) line.text = base::log::printable(line.text);
  if (!verdict.error.empty()) {
    ++status_.errors;
    base::log::error("policy", "a hook failed; the offer is declined", {{"error", verdict.error}});
  }
  return decision;
}

job::SensorSet Host::watched() const {
  if (!declared_) return {};
  auto sensors = pause::sensors_for(declared_->rules.pauses);
  if (declared_->has_hooks[HookEvent::kBudget]) sensors.add(job::Sensor::kGpus);
  if (!declared_->has_hooks[HookEvent::kPause]) return sensors;
  for (const auto sensor : job::kAllSensors) sensors.add(sensor);
  return sensors;
}

asio::awaitable<pause::Pause> Host::pause(const job::MachineFacts& facts, base::WallTime now) {
  if (!declared_) co_return pause::Pause();
  auto pause = keeper_.update(declared_->rules, facts, clock_.now(), now);
  const bool pauses = declared_->has_hooks[HookEvent::kPause];
  const bool bounds = declared_->has_hooks[HookEvent::kBudget];
  if (!pauses && !bounds) {
    if (hook_bound_.clear()) changed();
    co_return pause;
  }
  auto sensed = co_await sense(facts, now);
  for (auto& held : sensed.pauses) {
    held.why = base::log::printable(held.why, kLongestReason);
    pause.add(std::move(held));
  }
  const auto cards = facts.gpus.value.value_or(std::vector<job::GpuFacts>{});
  if (bounds ? hook_bound_.update(sensed, cards) : hook_bound_.clear()) changed();
  co_return pause;
}

/// By the child; whatever goes wrong there pauses until it is well again.
asio::awaitable<Sensed> Host::sense(const job::MachineFacts& facts, base::WallTime now) {
  while (deciding_) co_await turn_.wait();
  const Turn turn(*this);
  if (restarting_) co_await wait_for_restart();
  const auto child = active_;
  base::Result<Sensed> sensed = base::Error{base::Code::kUnavailable, "the policy host is starting again"};
  if (child) sensed = co_await child->sense(clock_, facts, now, options_.hard_limit);
  if (!sensed) {
    if (child) lose(child, sensed.error().message);
    Sensed failed{.bounds_failed = true, .error = sensed.error().message};
    if (declared_->has_hooks[HookEvent::kPause]) {
      failed.pauses.push_back({"policy error", "", sensed.error().message, pause::Action::kFinish, false});
    }
    sensed = std::move(failed);
  }
  // Once a second the same: said once.
  if (!sensed->error.empty() && sensed->error != sense_error_) {
    ++status_.errors;
    base::log::error("policy", "a hook failed; the worker pauses or keeps its last good bound",
                     {{"error", sensed->error}});
  }
  sense_error_ = sensed->error;
  co_return std::move(*sensed);
}

VramLimit Host::vram_limit(base::WallTime now, std::optional<base::Bytes> total) {
  if (!declared_) return {};
  auto bound = declared_->rules.vram_bound(now, total);
  VramLimit limit{bound.bytes, rules::to_string(bound.place), bound.until};
  if (const auto bytes = hook_bound_.bytes(); bytes && (!limit.bytes || *bytes < *limit.bytes)) {
    limit.bytes = bytes;
    limit.rule = hook_bound_.rule();
  }
  return limit;
}

// Reloads

asio::awaitable<void> Host::watch(host::FolderWatch folder) {
  for (;;) {
    auto files = co_await reload_.next(folder);
    co_await consider(std::move(files));
  }
}

/// Tries the files in a second child; the active one stays until they are known to be good.
asio::awaitable<void> Host::consider(base::Result<SourceFiles> files) {
  if (!files) {
    refuse(files.error());
    co_return;
  }
  if (active_ && *files == good_) {
    if (!std::exchange(status_.error, {}).empty()) changed();
    co_return;
  }
  auto started = co_await start_child(*files);
  if (started)
    activate(std::move(*started), std::move(*files));
  else
    refuse(started.error());
}

void Host::activate(Started started, SourceFiles files) {
  const auto old = std::exchange(active_, std::move(started.child));
  declared_ = std::move(started.declared);
  good_ = std::move(files);
  ++status_.generation;
  status_.error.clear();
  status_.safe_mode = false;
  status_.files.clear();
  for (const SourceFile& file : good_) status_.files.push_back(file.name);
  base::log::info("policy", "a policy is in force",
                  {{"generation", status_.generation}, {"files", status_.files.size()}});
  if (old) old->retire();
  changed();
}

void Host::refuse(const base::Error& error) {
  const auto text = base::log::printable(error.message, kLongestError);
  status_.safe_mode = status_.generation == 0;
  status_.error = text;
  base::log::error("policy",
                   status_.safe_mode ? "no policy could be loaded: nothing is claimed until a good one is saved"
                                     : "the saved policy is refused: the last good one stays in force",
                   {{"error", text}});
  changed();
}

}  // namespace

std::unique_ptr<PolicyHost> make_policy_host(asio::any_io_executor executor, base::Clock& clock,
                                             PolicyOptions options) {
  return std::make_unique<Host>(std::move(executor), clock, std::move(options));
}

}  // namespace policy
