#pragma once
// run_on: the one way to cross threads. A plain function goes there, its value comes back; no coroutine crosses.
// give_way: lets the rest of this thread's work go first.

#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace base {

namespace asio = boost::asio;

/// Runs `fn()` on `there` and returns its value on the awaiting coroutine's executor. A cancellation is seen after
/// the hop. Requires: fn does not throw, and returns a value.
template <class Fn>
asio::awaitable<std::invoke_result_t<Fn>> run_on(asio::any_io_executor there, Fn fn) {
  using Value = std::invoke_result_t<Fn>;
  auto start = [there, fn = std::move(fn)](auto handler) mutable {
    auto home = asio::get_associated_executor(handler);
    // The io context must not run dry while the other thread works.
    auto keep = asio::prefer(home, asio::execution::outstanding_work.tracked);
    asio::post(there, [fn = std::move(fn), handler = std::move(handler), home, keep]() mutable {
      auto value = fn();
      asio::post(home, [handler = std::move(handler), value = std::move(value), keep]() mutable {
        std::move(handler)(std::move(value));
      });
    });
  };
  auto operation =
      asio::async_initiate<const asio::use_awaitable_t<>, void(Value)>(std::move(start), asio::use_awaitable);
  co_return co_await std::move(operation);
}

/// What is ready on this executor runs first, and what that makes ready, `rounds` deep. Throws when cancelled before.
inline asio::awaitable<void> give_way(int rounds) {
  const auto executor = co_await asio::this_coro::executor;
  for (int round = 0; round < rounds; ++round) co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace base
