#pragma once
// What the core must not notice: a heartbeat on the io thread, its memory, and the table that says how it went.

#include <cstdio>
#include <malloc.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host_fixture.h"
#include "hostile/cases.h"

namespace policy::test {

using Milliseconds = std::chrono::duration<double, std::milli>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// A sanitizer makes everything several times slower; what it is there for is to find that something is broken.
constexpr double kSlower = kSanitized ? 20 : 1;
constexpr Milliseconds kSoft = Milliseconds(60) * kSlower;
constexpr Milliseconds kKilled = Milliseconds(300) * kSlower;
constexpr Milliseconds kBack = Milliseconds(100) * kSlower;
constexpr Milliseconds kLatestBeat = Milliseconds(100) * kSlower;
/// Loading has twenty times the budget of a hook; the child itself has twice that before it is killed.
constexpr Milliseconds kLoad = kSoft * static_cast<double>(kLoadFactor);
/// The machine that runs the tests is shared: a number above its bound is measured again, at most this often in all.
constexpr int kTries = 3;
/// Pages of the heap that move with the order of events; a leak of one small block a case would be more over a round.
constexpr long kMemoryNoise = 256L * 1024;

inline long resident_bytes() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  long resident = 0;
  statm >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// What a case came to, at one place.
struct Seen {
  bool contained = true;
  std::string what;  // the error as it was recorded, or the decision
  Milliseconds took{};
  Milliseconds beat{};  // the latest one meanwhile
};

class Containment : public PolicyHostTest {
 public:
  Containment() {
    options.quiet = 5ms;
    options.disk = disk.get_executor();
    write(folder / "90-next.lua", runner("next.lua"));
  }

  /// Runs `body` with a heartbeat beside it.
  void run_with_heartbeat(asio::awaitable<void> (*body)(Containment&)) {
    body_ = body;
    run([](PolicyHostTest& test) -> asio::awaitable<void> {
      auto& self = static_cast<Containment&>(test);
      base::TaskGroup beats(self.io.get_executor());
      beats.spawn("heartbeat", beat(self));
      co_await self.body_(self);
      beats.cancel_all();
      co_await beats.wait();
    });
  }

  static asio::awaitable<void> beat(Containment& self) {
    asio::steady_timer timer(self.io);
    for (auto due = std::chrono::steady_clock::now();; due += 5ms) {
      timer.expires_at(due);
      boost::system::error_code failed;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      const auto now = std::chrono::steady_clock::now();
      self.latest_beat = std::max(self.latest_beat, Milliseconds(now - due));
      due = std::max(due, now - 5ms);
    }
  }

  /// The policy in force decides as it always did.
  asio::awaitable<void> expect_next_right() {
    co_await expect("accepted");
    const auto video = make_offer("ember-keep", job::Kind::kVideo);
    const auto refused = co_await host->decide(video, kNow);
    EXPECT_EQ(refused.reason, "no videos");
  }

  void row(const std::string& name, const char* where, const Seen& seen) {
    std::printf("%-9s %-6s %7.1f %7.1f  %-32s %s\n", seen.contained ? "contained" : "NOT", where, seen.took.count(),
                seen.beat.count(), name.c_str(), seen.what.substr(0, 160).c_str());
    ++rows;
  }

  asio::thread_pool disk{1};
  asio::thread_pool editor{1};  // whoever saves policies
  Milliseconds latest_beat{};
  int rows = 0;

 private:
  asio::awaitable<void> (*body_)(Containment&) = nullptr;
};

}  // namespace policy::test
