#include "engine/engine_pool.h"

#include <deque>
#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/async/timeout.h"
#include "base/log.h"
#include "engine/frames.h"
#include "engine/instance/instance.h"
#include "engine/roster.h"

namespace engine {
namespace {

/// A place in the queue for one kind of slot; whoever is at the front has it.
struct Queue {
  std::deque<std::uint64_t> line;
  base::Event moved;
};

job::Failure cancelled() {
  return {job::FailureClass::kCancelled, "cancelled"};
}

class Pool final : public EnginePool {
 public:
  Pool(asio::any_io_executor executor, base::Clock& clock, std::vector<Manifest> manifests,
       std::filesystem::path scratch)
      : executor_(executor),
        clock_(clock),
        manifests_(std::move(manifests)),
        scratch_(std::move(scratch)),
        tasks_(std::move(executor)) {}

  Roster roster() const override { return roster_of(manifests_); }

  const Manifest* manifest(std::string_view engine, job::Kind kind) const override {
    const auto found = find_manifest(manifests_, engine, kind);
    return found ? &manifests_[*found] : nullptr;
  }

  std::optional<std::string> cannot_serve(std::string_view engine, job::Kind kind) const override {
    return why_not(manifests_, engine, kind);
  }

  asio::awaitable<Outcome> run(RunRequest request, std::function<void(const Progress&)> progress) override;
  void set_hold(Hold hold) override;
  asio::awaitable<void> stop() override;

 private:
  /// One process for each of these.
  using Key = std::pair<std::size_t, std::string>;

  asio::awaitable<Outcome> run_queued(std::size_t manifest, Ticket& ticket);
  asio::awaitable<base::Status> wait_for_turn(std::size_t manifest, std::uint64_t number);
  asio::awaitable<base::Status> wait_until_first(Queue& queue, std::uint64_t number);
  asio::awaitable<Outcome> run_first(Key key, Ticket& ticket);
  asio::awaitable<void> make_room(Key key);
  asio::awaitable<void> wait_while_frozen();
  base::Result<Instance*> submit(const Key& key, Ticket& ticket);
  void end_idle();
  asio::awaitable<void> serve(Key key, Instance& instance);

  /// Engines that use the GPU share one queue, because they share its memory; each other engine has its own.
  Queue& queue_for(std::size_t manifest) {
    return queues_[manifests_[manifest].needs_gpu ? std::string() : manifests_[manifest].name];
  }

  bool are_rivals(const Key& wanted, const Key& other) const {
    if (wanted == other) return false;
    return wanted.first == other.first || (manifests_[wanted.first].needs_gpu && manifests_[other.first].needs_gpu);
  }

  asio::any_io_executor executor_;
  base::Clock& clock_;
  const std::vector<Manifest> manifests_;
  std::filesystem::path scratch_;
  std::map<std::string, Queue> queues_;
  std::map<Key, std::unique_ptr<Instance>> instances_;
  std::uint64_t next_number_ = 1;
  bool stopping_ = false;
  Hold hold_ = Hold::kWarm;
  base::Event thawed_;
  base::Event ended_;  // an instance is gone
  base::TaskGroup tasks_;
};

asio::awaitable<bool> is_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

asio::awaitable<Outcome> Pool::run(RunRequest request, std::function<void(const Progress&)> progress) {
  const auto manifest = find_manifest(manifests_, request.engine, request.kind);
  if (!manifest) {
    job::Failure failure{job::FailureClass::kUnsupported, *why_not(manifests_, request.engine, request.kind)};
    co_return failure;
  }
  // From here to the end a cancellation is a request that the steps look for, so that each can clean up and wait.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Ticket ticket;
  ticket.load = encode_load(request);
  ticket.request = std::move(request);
  ticket.progress = std::move(progress);
  auto outcome = co_await run_queued(*manifest, ticket);
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

asio::awaitable<Outcome> Pool::run_queued(std::size_t manifest, Ticket& ticket) {
  Queue& queue = queue_for(manifest);
  const std::uint64_t number = next_number_++;
  queue.line.push_back(number);
  Outcome outcome = cancelled();
  const auto turn = co_await wait_for_turn(manifest, number);
  const bool unwanted = co_await is_cancelled();
  if (turn && !unwanted) {
    Key key(manifest, instance_key(manifests_[manifest], ticket.request));
    outcome = co_await run_first(std::move(key), ticket);
  } else if (!unwanted && turn.error().code == base::Code::kTimeout) {
    outcome = job::Failure{job::FailureClass::kTimeout, turn.error().message};
  }
  std::erase(queue.line, number);
  queue.moved.notify();
  co_return outcome;
}

asio::awaitable<base::Status> Pool::wait_for_turn(std::size_t manifest, std::uint64_t number) {
  Queue& queue = queue_for(manifest);
  if (queue.line.front() == number) co_return base::Status();
  const base::Duration limit = manifests_[manifest].deadlines.queue;
  std::string late = "engine `" + manifests_[manifest].name + "` was busy for too long";
  auto first = wait_until_first(queue, number);
  co_return co_await base::with_timeout(clock_, limit, std::move(late), std::move(first));
}

asio::awaitable<base::Status> Pool::wait_until_first(Queue& queue, std::uint64_t number) {
  while (queue.line.front() != number && !stopping_) co_await queue.moved.wait();
  co_return base::Status();
}

asio::awaitable<Outcome> Pool::run_first(Key key, Ticket& ticket) {
  for (int attempt = 1;; ++attempt) {
    co_await wait_while_frozen();
    co_await make_room(key);
    const bool unwanted = co_await is_cancelled();
    if (unwanted || stopping_) co_return cancelled();
    ticket.outcome.reset();
    const auto instance = submit(key, ticket);
    if (!instance) {
      job::Failure failure{job::FailureClass::kCrashed, instance.error().message};
      co_return failure;
    }
    while (!ticket.outcome) {
      co_await ticket.changed.wait();
      const bool unwanted_now = co_await is_cancelled();
      if (unwanted_now && !ticket.outcome) (*instance)->cancel();
    }
    if (hold_ == Hold::kRunningOnly) end_idle();
    if (!ticket.untouched || attempt > 1) co_return std::move(*ticket.outcome);
    base::log::info("engine", "the warm engine had just ended; starting it again", {{"job", ticket.request.job}});
  }
}

asio::awaitable<void> Pool::wait_while_frozen() {
  while (hold_ == Hold::kFrozen && !stopping_) {
    const bool unwanted = co_await is_cancelled();
    if (unwanted) co_return;
    co_await thawed_.wait();
  }
}

void Pool::end_idle() {
  for (auto& [key, instance] : instances_) {
    if (instance->accepts()) instance->stop();
  }
}

void Pool::set_hold(Hold hold) {
  if (hold == hold_) return;
  hold_ = hold;
  for (auto& [key, instance] : instances_) instance->freeze(hold == Hold::kFrozen);
  if (hold != Hold::kFrozen) thawed_.notify();
  if (hold == Hold::kRunningOnly) end_idle();
}

/// Memory on the card comes back only with the end of the process that holds it, so rivals go before a new one starts.
/// And an instance that is on its way out is waited for.
asio::awaitable<void> Pool::make_room(Key key) {
  const auto in_the_way = [&](const Key& other, const Instance& instance) {
    return are_rivals(key, other) || (other == key && !instance.accepts());
  };
  for (;;) {
    bool waiting = false;
    for (auto& [other, instance] : instances_) {
      if (!in_the_way(other, *instance)) continue;
      instance->stop();
      waiting = true;
    }
    if (!waiting) co_return;
    co_await ended_.wait();
  }
}

base::Result<Instance*> Pool::submit(const Key& key, Ticket& ticket) {
  if (const auto found = instances_.find(key); found != instances_.end()) {
    found->second->submit(ticket);
    return found->second.get();
  }
  const Manifest& manifest = manifests_[key.first];
  auto folder = scratch_ / ("engine-" + std::to_string(next_number_++));
  auto started = Instance::start(executor_, clock_, manifest, std::move(folder));
  if (!started) return std::move(started).error().within("engine `" + manifest.name + "`");
  Instance& instance = *(instances_[key] = std::move(*started));
  // Before anything is said to the program: it may be dead already, and then the job must hear of it.
  instance.submit(ticket);
  tasks_.spawn("engine instance", serve(key, instance));
  return &instance;
}

asio::awaitable<void> Pool::serve(Key key, Instance& instance) {
  co_await instance.serve();
  instances_.erase(key);
  ended_.notify();
}

asio::awaitable<void> Pool::stop() {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  stopping_ = true;
  for (auto& [name, queue] : queues_) queue.moved.notify();
  thawed_.notify();
  for (auto& [key, instance] : instances_) instance->stop();
  while (!instances_.empty()) co_await ended_.wait();
  co_await tasks_.wait();
  co_await asio::this_coro::throw_if_cancelled(throws);
}

}  // namespace

std::unique_ptr<EnginePool> make_engine_pool(asio::any_io_executor executor, base::Clock& clock,
                                             std::vector<Manifest> manifests, std::filesystem::path scratch) {
  return std::make_unique<Pool>(std::move(executor), clock, std::move(manifests), std::move(scratch));
}

}  // namespace engine
