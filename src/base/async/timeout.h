#pragma once
// with_timeout: every wait has a deadline.

#include <string>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace base {

/// The result of `operation`, or kTimeout with `what` when it took longer than `limit`; the operation is cancelled
/// then and has ended when this returns. Not around `run_on`: that cannot be cancelled.
template <class T>
asio::awaitable<Result<T>> with_timeout(Clock& clock, Duration limit, std::string what,
                                        asio::awaitable<Result<T>> operation) {
  using namespace asio::experimental::awaitable_operators;
  auto race = std::move(operation) || clock.sleep_until(clock.now() + limit);
  auto outcome = co_await std::move(race);
  if (outcome.index() == 0) co_return std::get<0>(std::move(outcome));
  co_return Error{Code::kTimeout, std::move(what)};
}

}  // namespace base
