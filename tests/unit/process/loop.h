#pragma once
// Loop: runs a test's coroutine on an io context until nothing is left to do. Thread: the test's.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"

namespace process {

class Loop {
 public:
  asio::any_io_executor executor() { return io_.get_executor(); }
  base::TaskGroup& tasks() { return tasks_; }

  /// Until the coroutine and all that it started have ended.
  void run(asio::awaitable<void> script) {
    io_.restart();
    tasks_.spawn("script", std::move(script));
    io_.run_for(std::chrono::seconds(60));
    EXPECT_EQ(tasks_.size(), 0U) << "the script did not come to its end";
  }
  /// What can be done now, without waiting.
  void turn() {
    io_.restart();
    io_.poll();
  }

 private:
  asio::io_context io_;
  base::TaskGroup tasks_{io_.get_executor()};
};

}  // namespace process
