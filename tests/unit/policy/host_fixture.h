#pragma once
// A policy host with its real child on a real folder, and waits for what its status says.

#include <csignal>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/async/timeout.h"
#include "base/files.h"
#include "job/usage.h"
#include "policy/policy_host.h"
#include "policy_fixture.h"

namespace policy::test {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto kLongWait = 20s;  // only a test that fails waits so long

inline const job::Facts kNow = at(utc(2026, 3, 24, 12));

inline void write(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::trunc) << text;
}

/// A policy that declines everything with this reason.
inline std::string declining(std::string_view reason) {
  return with_worker("worker.on('offer', function() return worker.decline '" + std::string(reason) + "' end)\n");
}

/// The pids of the policy hosts that we started and that still run.
inline std::vector<pid_t> host_pids() {
  std::vector<pid_t> pids;
  std::ifstream list("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (pid_t pid = 0; list >> pid;) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    if (text.find("(studio-policy-h) Z") == std::string::npos) pids.push_back(pid);
  }
  return pids;
}

class PolicyHostTest : public ::testing::Test {
 public:
  PolicyHostTest() {
    options.path = folder;
    options.host_program = STUDIO_POLICY_HOST;
    options.quiet = 20ms;
  }

  void make() {
    host = make_policy_host(io.get_executor(), *clock, options);
    host->on_change([this](const PolicyStatus& status) {
      history.push_back(status);
      changed.notify();
    });
  }

  /// Runs a test's coroutine; a test that does not end fails.
  void run(asio::awaitable<void> (*body)(PolicyHostTest&)) {
    base::TaskGroup group(io.get_executor());
    group.spawn("test", whole(*this, body));
    io.run();
    EXPECT_TRUE(done) << "the test's coroutine did not end";
    EXPECT_THAT(host_pids(), ElementsAre());
  }

  static asio::awaitable<void> whole(PolicyHostTest& test, asio::awaitable<void> (*body)(PolicyHostTest&)) {
    test.make();
    const auto started = co_await test.host->start();
    EXPECT_TRUE(started) << started.error().message;
    co_await body(test);
    co_await test.host->stop();
    test.done = true;
  }

  static asio::awaitable<base::Status> when(PolicyHostTest& test, std::function<bool(const PolicyStatus&)> wanted) {
    while (!wanted(test.host->status())) co_await test.changed.wait();
    co_return base::Status();
  }

  /// Waits for a change after which `wanted` holds.
  asio::awaitable<void> until(std::function<bool(const PolicyStatus&)> wanted) {
    auto waiting = base::with_timeout(*clock, kLongWait, std::string("status"), when(*this, std::move(wanted)));
    const auto seen = co_await std::move(waiting);
    if (!seen) throw std::runtime_error("the expected status did not come");
  }
  asio::awaitable<void> until_generation(std::uint64_t generation) {
    std::function<bool(const PolicyStatus&)> wanted = [generation](const PolicyStatus& status) {
      return status.generation >= generation;
    };
    return until(std::move(wanted));
  }
  asio::awaitable<void> until_error(std::string text) {
    std::function<bool(const PolicyStatus&)> wanted = [text](const PolicyStatus& status) {
      return status.error.find(text) != std::string::npos;
    };
    return until(std::move(wanted));
  }
  /// Asks for a decision: "accepted", or the reason of the decline.
  asio::awaitable<void> expect(std::string wanted) {
    const auto offer = make_offer();
    const auto decision = co_await host->decide(offer, kNow);
    EXPECT_EQ(decision.accepted ? "accepted" : decision.reason, wanted);
  }

  base::TempDir root = *base::TempDir::create("policy-host");
  fs::path folder = root.path() / "policies";
  bool created = fs::create_directory(folder);
  asio::io_context io{1};
  std::unique_ptr<base::Clock> clock = base::make_system_clock();
  PolicyOptions options;
  std::unique_ptr<PolicyHost> host;
  std::vector<PolicyStatus> history;
  base::Event changed;
  bool done = false;
};

}  // namespace policy::test
