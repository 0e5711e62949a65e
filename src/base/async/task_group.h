#pragma once
// TaskGroup: the only way to start a coroutine. It knows its tasks, cancels them and waits for them.

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace base {

namespace asio = boost::asio;

/// Owns one cancellation signal per task; nobody else binds a slot. An exception that escapes a task is logged as
/// an error with the task's name, except cancellation. Thread: io.
class TaskGroup {
 public:
  using TaskId = std::uint64_t;

  explicit TaskGroup(asio::any_io_executor executor);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  /// Cancels what is left. Requires: the tasks use nothing that died before the group, or `wait` was awaited.
  ~TaskGroup();

  /// From a coroutine of the same executor the task starts at once; from outside it is posted.
  TaskId spawn(std::string name, asio::awaitable<void> task);
  /// Terminal cancellation; unknown or ended ids are ignored.
  void cancel(TaskId id);
  void cancel_all();
  std::size_t size() const;
  /// Returns when no task is left.
  asio::awaitable<void> wait();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace base
