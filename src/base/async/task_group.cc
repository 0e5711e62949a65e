#include "base/async/task_group.h"

#include <exception>
#include <map>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "base/async/event.h"
#include "base/log.h"

namespace base {

struct TaskGroup::State {
  explicit State(asio::any_io_executor io) : executor(std::move(io)) {}

  struct Task {
    std::string name;
    asio::cancellation_signal signal;
  };

  void ended(TaskId id, const std::exception_ptr& failure) {
    if (failure) report(tasks.at(id)->name, failure);
    tasks.erase(id);
    if (tasks.empty()) empty.notify();
  }

  static void report(const std::string& name, const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) return;
      log::error("base", "a task ended with an exception", {{"task", name}, {"what", error.what()}});
    } catch (const asio::multiple_exceptions& both) {
      // Both sides of a race ended by exception; the first one tells why.
      report(name, both.first_exception());
    } catch (const std::exception& error) {
      log::error("base", "a task ended with an exception", {{"task", name}, {"what", error.what()}});
    }
  }

  asio::any_io_executor executor;
  TaskId next_id = 1;
  std::map<TaskId, std::unique_ptr<Task>> tasks;
  Event empty;
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
  cancel_all();
}

TaskGroup::TaskId TaskGroup::spawn(std::string name, asio::awaitable<void> task) {
  const TaskId id = state_->next_id++;
  auto& entry = state_->tasks[id];
  entry = std::make_unique<State::Task>();
  entry->name = std::move(name);
  // The signal must outlive the coroutine, which still touches its slot while it calls this handler: erase later.
  auto ended = [state = state_, id](std::exception_ptr failure) {
    asio::post(state->executor, [state, id, failure] { state->ended(id, failure); });
  };
  auto slot = entry->signal.slot();
  asio::co_spawn(state_->executor, std::move(task), asio::bind_cancellation_slot(slot, std::move(ended)));
  return id;
}

void TaskGroup::cancel(TaskId id) {
  const auto found = state_->tasks.find(id);
  if (found != state_->tasks.end()) found->second->signal.emit(asio::cancellation_type::terminal);
}

void TaskGroup::cancel_all() {
  // emit may run coroutines that spawn or end tasks: walk by id, not by iterator.
  TaskId last = 0;
  for (auto next = state_->tasks.begin(); next != state_->tasks.end(); next = state_->tasks.upper_bound(last)) {
    last = next->first;
    next->second->signal.emit(asio::cancellation_type::terminal);
  }
}

std::size_t TaskGroup::size() const {
  return state_->tasks.size();
}

asio::awaitable<void> TaskGroup::wait() {
  const auto state = state_;
  while (!state->tasks.empty()) co_await state->empty.wait();
}

}  // namespace base
