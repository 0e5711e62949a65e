#include "base/async/event.h"

#include <gmock/gmock.h>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"

namespace base {
namespace {

using testing::ElementsAre;

class EventTest : public testing::Test {
 protected:
  void run() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  TaskGroup tasks_{io_.get_executor()};
  Event event_;
  std::vector<int> woke_;
};

asio::awaitable<void> wait(Event* event, std::vector<int>* woke, int name) {
  co_await event->wait();
  woke->push_back(name);
}

asio::awaitable<void> wait_twice(Event* event, std::vector<int>* woke) {
  co_await event->wait();
  woke->push_back(1);
  co_await event->wait();
  woke->push_back(2);
}

TEST_F(EventTest, WakesEveryoneWhoWaits) {
  for (int i = 0; i < 3; ++i) tasks_.spawn("wait", wait(&event_, &woke_, i));
  run();
  EXPECT_THAT(woke_, ElementsAre());
  event_.notify();
  run();
  EXPECT_THAT(woke_, ElementsAre(0, 1, 2));
}

TEST_F(EventTest, RemembersOneNotifyForTheNextWaiter) {
  event_.notify();
  event_.notify();
  tasks_.spawn("wait", wait_twice(&event_, &woke_));
  run();
  EXPECT_THAT(woke_, ElementsAre(1)) << "two notifies without a waiter count as one";
  event_.notify();
  run();
  EXPECT_THAT(woke_, ElementsAre(1, 2));
}

TEST_F(EventTest, ACancelledWaiterEndsAndTheOthersStay) {
  const auto first = tasks_.spawn("first", wait_twice(&event_, &woke_));
  tasks_.spawn("second", wait(&event_, &woke_, 7));
  run();
  tasks_.cancel(first);
  run();
  EXPECT_EQ(tasks_.size(), 1U);
  EXPECT_THAT(woke_, ElementsAre(1)) << "the wait returns, the next await throws";
  event_.notify();
  run();
  EXPECT_THAT(woke_, ElementsAre(1, 7));
  EXPECT_EQ(tasks_.size(), 0U);
}

TEST_F(EventTest, CancelAfterNotifyWakesOnce) {
  const auto task = tasks_.spawn("wait", wait(&event_, &woke_, 1));
  run();
  event_.notify();
  tasks_.cancel(task);
  run();
  EXPECT_THAT(woke_, ElementsAre(1));
  EXPECT_EQ(tasks_.size(), 0U);
}

asio::awaitable<void> read_all(Mailbox<std::string>* mailbox, std::vector<std::string>* read) {
  for (;;) {
    auto value = co_await mailbox->pop();
    read->push_back(std::move(value));
  }
}

TEST_F(EventTest, AMailboxKeepsItsOrder) {
  Mailbox<std::string> mailbox;
  std::vector<std::string> read;
  mailbox.push("a");
  mailbox.push("b");
  EXPECT_EQ(mailbox.size(), 2U);
  tasks_.spawn("reader", read_all(&mailbox, &read));
  run();
  mailbox.push("c");
  mailbox.push("d");
  run();
  EXPECT_THAT(read, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(mailbox.size(), 0U);
  tasks_.cancel_all();
  run();
  EXPECT_EQ(tasks_.size(), 0U);
  mailbox.push("kept for the next reader");
  EXPECT_EQ(mailbox.size(), 1U);
}

}  // namespace
}  // namespace base
