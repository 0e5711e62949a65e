#include "base/async/timeout.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "fakes/virtual_clock.h"

namespace base {
namespace {

using namespace std::chrono_literals;

struct World {
  asio::io_context io;
  fakes::VirtualClock clock{io};
  Event ready;
  bool operation_ended = false;
  std::optional<Result<int>> result;
};

struct EndMark {
  bool& flag;
  ~EndMark() { flag = true; }
};

asio::awaitable<Result<int>> operation(World* world) {
  const EndMark mark{world->operation_ended};
  co_await world->ready.wait();
  co_return 42;
}

asio::awaitable<void> race(World* world) {
  auto slow = operation(world);
  auto limited = with_timeout(world->clock, 10s, "the studio did not answer", std::move(slow));
  world->result = co_await std::move(limited);
}

TEST(WithTimeout, GivesTheResultThatCameInTime) {
  World world;
  TaskGroup tasks(world.io.get_executor());
  tasks.spawn("race", race(&world));
  world.clock.pass(9s);
  EXPECT_FALSE(world.result);
  world.ready.notify();
  world.clock.settle();
  ASSERT_TRUE(world.result && *world.result);
  EXPECT_EQ(**world.result, 42);
  EXPECT_EQ(world.clock.sleeping(), 0U) << "no timer is left behind";
}

TEST(WithTimeout, EndsTheOperationBeforeItReturns) {
  World world;
  TaskGroup tasks(world.io.get_executor());
  tasks.spawn("race", race(&world));
  world.clock.pass(10s);
  ASSERT_TRUE(world.result && !*world.result);
  EXPECT_EQ(world.result->error().code, Code::kTimeout);
  EXPECT_EQ(world.result->error().message, "the studio did not answer");
  EXPECT_TRUE(world.operation_ended);
}

TEST(WithTimeout, ACancelledRaceEndsBothSides) {
  World world;
  TaskGroup tasks(world.io.get_executor());
  tasks.spawn("race", race(&world));
  world.clock.pass(1s);
  tasks.cancel_all();
  world.clock.settle();
  EXPECT_EQ(tasks.size(), 0U);
  EXPECT_TRUE(world.operation_ended);
  EXPECT_EQ(world.clock.sleeping(), 0U);
}

}  // namespace
}  // namespace base
