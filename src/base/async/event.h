#pragma once
// Event and Mailbox: how one coroutine of the io thread waits for another. No timer, no reactor, no lock.

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace base {

namespace asio = boost::asio;

/// `notify` wakes everyone who waits; when nobody does, the next `wait` returns at once.
/// A cancelled wait returns too; the awaiting coroutine's next await then throws, as everywhere in Asio.
/// Thread: io. Requires: waiters are gone (or cancelled) before the Event dies.
class Event {
 public:
  void notify() {
    if (waiters_.empty()) {
      set_ = true;
      return;
    }
    auto woken = std::exchange(waiters_, {});
    for (auto& waiter : woken) waiter->resume();
  }

  asio::awaitable<void> wait() {
    if (std::exchange(set_, false)) co_return;
    auto start = [this](auto handler) { enlist(std::move(handler)); };
    auto operation = asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(start), asio::use_awaitable);
    co_await std::move(operation);
  }

 private:
  struct Waiter {
    std::function<void()> resume;
  };

  template <class Handler>
  void enlist(Handler handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto home = asio::get_associated_executor(handler);
    auto shared = std::make_shared<Handler>(std::move(handler));
    auto waiter = std::make_shared<Waiter>();
    waiter->resume = [shared, slot, home]() mutable {
      if (slot.is_connected()) slot.clear();
      asio::post(home, [shared] { std::move (*shared)(); });
    };
    waiters_.push_back(waiter);
    if (slot.is_connected()) {
      slot.assign([this, weak = std::weak_ptr<Waiter>(waiter)](asio::cancellation_type) {
        const auto cancelled = weak.lock();
        if (!cancelled) return;
        waiters_.remove(cancelled);
        cancelled->resume();
      });
    }
  }

  bool set_ = false;
  std::list<std::shared_ptr<Waiter>> waiters_;
};

/// An unbounded queue with one reader. Thread: io.
template <class T>
class Mailbox {
 public:
  void push(T value) {
    values_.push_back(std::move(value));
    arrived_.notify();
  }
  /// Throws (cancelled) when the awaiting coroutine was cancelled.
  asio::awaitable<T> pop() {
    while (values_.empty()) co_await arrived_.wait();
    T value = std::move(values_.front());
    values_.pop_front();
    co_return value;
  }
  std::size_t size() const { return values_.size(); }

 private:
  std::deque<T> values_;
  Event arrived_;
};

}  // namespace base
