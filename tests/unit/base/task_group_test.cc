#include "base/async/task_group.h"

#include <gmock/gmock.h>
#include <stdexcept>

#include <boost/asio/io_context.hpp>

#include "base/async/event.h"
#include "fakes/virtual_clock.h"

namespace base {
namespace {

using testing::HasSubstr;

asio::awaitable<void> count(int* ended) {
  ++*ended;
  co_return;
}

asio::awaitable<void> wait_for(Event* event, int* ended) {
  co_await event->wait();
  co_await event->wait();
  ++*ended;
}

asio::awaitable<void> break_down() {
  throw std::runtime_error("out of ideas");
  co_return;
}

asio::awaitable<void> wait_for_group(TaskGroup* group, bool* empty) {
  co_await group->wait();
  *empty = group->size() == 0;
}

asio::awaitable<void> spawn_more(TaskGroup* group, Event* event, int* ended) {
  co_await event->wait();
  group->spawn("more", count(ended));
}

class TaskGroupTest : public testing::Test {
 protected:
  void run() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  Event event_;
  int ended_ = 0;
};

TEST_F(TaskGroupTest, RunsItsTasksAndForgetsThem) {
  TaskGroup tasks(io_.get_executor());
  for (int i = 0; i < 5; ++i) tasks.spawn("count", count(&ended_));
  EXPECT_EQ(ended_, 0) << "from outside a task is posted";
  run();
  EXPECT_EQ(ended_, 5);
  EXPECT_EQ(tasks.size(), 0U);
}

TEST_F(TaskGroupTest, CancelsOneAndLeavesTheOthers) {
  TaskGroup tasks(io_.get_executor());
  const auto first = tasks.spawn("first", wait_for(&event_, &ended_));
  tasks.spawn("second", wait_for(&event_, &ended_));
  run();
  tasks.cancel(first);
  tasks.cancel(12345);
  run();
  EXPECT_EQ(tasks.size(), 1U);
  event_.notify();
  run();
  event_.notify();
  run();
  EXPECT_EQ(ended_, 1);
  tasks.cancel(first);
}

TEST_F(TaskGroupTest, CancelAllReachesTasksThatSpawnMore) {
  TaskGroup tasks(io_.get_executor());
  tasks.spawn("spawner", spawn_more(&tasks, &event_, &ended_));
  for (int i = 0; i < 3; ++i) tasks.spawn("wait", wait_for(&event_, &ended_));
  run();
  tasks.cancel_all();
  run();
  EXPECT_EQ(tasks.size(), 0U);
}

TEST_F(TaskGroupTest, WaitReturnsWhenTheLastTaskIsGone) {
  TaskGroup tasks(io_.get_executor());
  TaskGroup others(io_.get_executor());
  bool empty = false;
  tasks.spawn("wait", wait_for(&event_, &ended_));
  others.spawn("waiter", wait_for_group(&tasks, &empty));
  run();
  EXPECT_FALSE(empty);
  tasks.cancel_all();
  run();
  EXPECT_TRUE(empty);
}

TEST_F(TaskGroupTest, AnEscapedExceptionIsLoggedWithTheTasksName) {
  testing::internal::CaptureStderr();
  TaskGroup tasks(io_.get_executor());
  tasks.spawn("thinker", break_down());
  run();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("task=thinker"));
  EXPECT_THAT(log, HasSubstr("out of ideas"));
  EXPECT_EQ(tasks.size(), 0U);
}

TEST_F(TaskGroupTest, CancellationIsNoErrorInTheLog) {
  testing::internal::CaptureStderr();
  TaskGroup tasks(io_.get_executor());
  tasks.spawn("wait", wait_for(&event_, &ended_));
  run();
  tasks.cancel_all();
  run();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(TaskGroupTest, ItsDestructorCancelsWhatIsLeft) {
  {
    TaskGroup tasks(io_.get_executor());
    tasks.spawn("wait", wait_for(&event_, &ended_));
    run();
  }
  run();
  EXPECT_EQ(ended_, 0);
  event_.notify();
  EXPECT_EQ(io_.poll(), 0U) << "nobody waits any more";
}

}  // namespace
}  // namespace base
