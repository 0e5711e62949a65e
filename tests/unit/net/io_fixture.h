#pragma once
// IoTest: runs a coroutine of the code under test to its end on an io context of the test's own.

#include <chrono>
#include <gtest/gtest.h>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"

class IoTest : public testing::Test {
 protected:
  /// The value of `task`; the test fails when it takes longer than any limit in these tests.
  template <class T>
  T await(boost::asio::awaitable<T> task) {
    std::optional<T> value;
    tasks_.spawn("test", store(std::move(task), value));
    turn_until([&] { return value.has_value(); });
    if (!value) throw std::runtime_error("the coroutine did not end in time");
    return std::move(*value);
  }

  void await(boost::asio::awaitable<void> task) { await(flagged(std::move(task))); }

  template <class Condition>
  void turn_until(Condition met) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    io_.restart();
    while (!met() && std::chrono::steady_clock::now() < until) io_.run_one_until(until);
  }

  void TearDown() override {
    tasks_.cancel_all();
    turn_until([&] { return tasks_.size() == 0; });
    EXPECT_EQ(tasks_.size(), 0U);
  }

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  base::TaskGroup tasks_{io_.get_executor()};

 private:
  template <class T>
  static boost::asio::awaitable<void> store(boost::asio::awaitable<T> task, std::optional<T>& value) {
    T result = co_await std::move(task);
    value.emplace(std::move(result));
  }
  static boost::asio::awaitable<bool> flagged(boost::asio::awaitable<void> task) {
    co_await std::move(task);
    co_return true;
  }
};
