#include "base/async/run_on.h"

#include <gmock/gmock.h>
#include <memory>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/async/task_group.h"

namespace base {
namespace {

struct Seen {
  std::thread::id work;
  std::thread::id back;
  std::unique_ptr<int> value;
};

asio::awaitable<void> hop(asio::any_io_executor disk, Seen* seen) {
  auto work = [number = std::make_unique<int>(20), seen]() mutable {
    seen->work = std::this_thread::get_id();
    *number += 1;
    return std::move(number);
  };
  seen->value = co_await run_on(disk, std::move(work));
  seen->back = std::this_thread::get_id();
}

TEST(RunOn, WorksThereAndComesBackWithTheValue) {
  asio::thread_pool disk(1);
  asio::io_context io;
  Seen seen;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("hop", hop(disk.get_executor(), &seen));
  io.run();  // ends by itself only when the hop has come back
  disk.join();
  ASSERT_TRUE(seen.value);
  EXPECT_EQ(*seen.value, 21);
  EXPECT_EQ(seen.back, std::this_thread::get_id());
  EXPECT_NE(seen.work, std::this_thread::get_id());
}

TEST(RunOn, ACancellationIsSeenAfterTheHop) {
  asio::io_context disk;
  asio::io_context io;
  Seen seen;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("hop", hop(disk.get_executor(), &seen));
  io.poll();
  tasks.cancel_all();
  io.poll();
  EXPECT_EQ(tasks.size(), 1U) << "the work is under way and will be waited for";
  disk.run();
  io.poll();
  EXPECT_EQ(tasks.size(), 0U);
  EXPECT_TRUE(seen.value);
}

TEST(RunOn, ManyHopsWithCancellationsLoseNothing) {
  asio::thread_pool disk(1);
  asio::io_context io;
  std::vector<Seen> seen(200);
  TaskGroup tasks(io.get_executor());
  std::vector<TaskGroup::TaskId> ids;
  for (auto& one : seen) ids.push_back(tasks.spawn("hop", hop(disk.get_executor(), &one)));
  for (std::size_t i = 0; i < ids.size(); i += 3) {
    io.poll_one();
    tasks.cancel(ids[i]);
  }
  io.run();
  disk.join();
  EXPECT_EQ(tasks.size(), 0U);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_TRUE(seen[i].value || i % 3 == 0) << i;
  }
}

}  // namespace
}  // namespace base
