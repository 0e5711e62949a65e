#pragma once
// The loop of a daemon's thread: sleeps like io_context::run, but stays awake between the messages of an exchange.

#include <thread>

#include <boost/asio/io_context.hpp>

namespace base {

/// Runs `io` until it has no more work; exceptions of a handler pass through. After a wait shorter than 0.5 ms the
/// thread looks for the next event for up to 0.1 ms before it sleeps again, because an idle processor takes 25 to 45 us
/// to wake up (seen in a kernel trace on a virtual machine). Slower events cost nothing; with one processor the thread
/// only ever sleeps, since whoever it waits for needs that processor. Thread: the caller's.
void run_event_loop(boost::asio::io_context& io, unsigned processors = std::thread::hardware_concurrency());

}  // namespace base
