#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "base/log.h"
#include "fakes/fake_link.h"
#include "fakes/virtual_clock.h"
#include "studio/studio_link.h"

namespace {

using namespace std::chrono_literals;

constexpr const char* kWelcome = R"({"type":"welcome","workerId":"w-1","serverTime":"2026-03-04T10:11:10Z"})";
constexpr const char* kAck = R"({"type":"heartbeatAck"})";

/// A studio that many workers know: down until `up_again`, and it knows when each of them came.
class SharedStudio final : public net::WebSocketConnector {
 public:
  explicit SharedStudio(fakes::VirtualClock& clock) : clock_(clock) {}

  boost::asio::awaitable<std::variant<std::unique_ptr<net::WebSocketLink>, net::ConnectFailure>> connect(
      net::ConnectTarget target, base::Duration limit) override {
    limit_ = limit;
    if (clock_.now() < up_again_) {
      co_return net::ConnectFailure{base::Error{base::Code::kUnavailable, "connection refused"}, 0, {}};
    }
    came_.push_back(clock_.now());
    auto record = std::make_shared<fakes::LinkRecord>();
    record->target = std::move(target);
    record->say(kWelcome);
    links_.push_back(record);
    co_return std::make_unique<fakes::FakeLink>(std::move(record));
  }

  void restart(base::Duration outage) {
    up_again_ = clock_.now() + outage;
    came_.clear();
    const auto open = std::exchange(links_, {});
    for (const auto& link : open) link->close(1012, "restart");
    clock_.settle();
  }

  /// Connections in each `slot` of time since the studio is up again.
  std::map<std::int64_t, int> came_per(base::Duration slot) const {
    std::map<std::int64_t, int> count;
    for (const auto time : came_) ++count[(time - up_again_) / slot];
    return count;
  }

  const std::vector<std::shared_ptr<fakes::LinkRecord>>& links() const { return links_; }
  std::size_t came() const { return came_.size(); }
  base::Duration limit() const { return limit_; }

 private:
  fakes::VirtualClock& clock_;
  base::SteadyTime up_again_{};
  std::vector<base::SteadyTime> came_;
  std::vector<std::shared_ptr<fakes::LinkRecord>> links_;
  base::Duration limit_{};
};

class Reconnect : public testing::Test {
 protected:
  Reconnect() { base::log::set_level(base::log::Level::kError); }
  ~Reconnect() override {
    for (auto& worker : workers_) worker->stop();
    clock_.pass(10s);
    tasks_.cancel_all();
    clock_.settle();
  }

  /// Workers, each with randomness of its own, in a session.
  void start(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      random_.push_back(std::make_unique<fakes::SeededRandom>(random_.size() + 1));
      workers_.push_back(std::make_unique<studio::StudioLink>(
          studio::StudioOptions{}, *studio::Urls::parse("http://s.example"), studio_, clock_, *random_.back()));
      studio::Credentials credentials;
      credentials.worker = base::WorkerId("w-" + std::to_string(i));
      tasks_.spawn("link", run(*workers_.back(), std::move(credentials)));
    }
    clock_.settle();
    ASSERT_EQ(studio_.links().size(), count);
  }
  static boost::asio::awaitable<void> run(studio::StudioLink& link, studio::Credentials credentials) {
    co_await link.run(std::move(credentials));
  }

  /// The studio acknowledges heartbeats, and says nothing else.
  void acknowledge_for(base::Duration duration) {
    const auto end = clock_.now() + duration;
    while (clock_.now() < end) {
      for (const auto& link : studio_.links()) link->say(kAck);
      clock_.pass(5s);
    }
  }

  boost::asio::io_context io_;
  fakes::VirtualClock clock_{io_};
  SharedStudio studio_{clock_};
  std::vector<std::unique_ptr<fakes::SeededRandom>> random_;
  std::vector<std::unique_ptr<studio::StudioLink>> workers_;
  base::TaskGroup tasks_{io_.get_executor()};
};

int highest(const std::map<std::int64_t, int>& counts) {
  int most = 0;
  for (const auto& [slot, count] : counts) most = std::max(most, count);
  return most;
}

constexpr std::size_t kFleet = 50;

}  // namespace

TEST_F(Reconnect, N5_ATryHasFifteenSeconds) {
  start(1);
  EXPECT_EQ(studio_.limit(), 15s);
}

TEST_F(Reconnect, N11_ALinkThatFlapsEveryTwoSecondsIsTriedFewerThanTwentyTimesInFiveMinutes) {
  start(1);
  std::size_t connects = 1;
  for (const auto end = clock_.now() + 5min; clock_.now() < end;) {
    clock_.pass(2s);
    studio_.restart(0s);
    while (studio_.came() == 0 && clock_.now() < end) clock_.pass(100ms);
    connects += studio_.came();
  }
  EXPECT_GE(connects, 5U);
  EXPECT_LT(connects, 20U);
}

TEST_F(Reconnect, N12_AfterAQuickRestartAFleetComesEvenlyWithinASecond) {
  start(kFleet);
  studio_.restart(0s);
  clock_.pass(1s);
  ASSERT_EQ(studio_.came(), kFleet);
  const auto per_tenth = studio_.came_per(100ms);
  EXPECT_EQ(per_tenth.size(), 10U);
  EXPECT_LE(highest(per_tenth), static_cast<int>(3 * kFleet / 10));
}

/// What 50 workers do in one second is mostly chance, so ten such fleets are added up. An outage of a few seconds is
/// less even: the windows are still short when it ends.
TEST_F(Reconnect, N12_AfterAnOutageNoSecondGetsThreeTimesItsShare) {
  constexpr int kFleets = 10;
  start(kFleet * kFleets);
  for (const auto outage : {30s, 60s}) {
    studio_.restart(outage);
    acknowledge_for(outage + 70s);
    ASSERT_EQ(studio_.came(), kFleet * kFleets);
    const auto per_second = studio_.came_per(1s);
    std::int64_t seconds = 0;
    for (std::size_t seen = 0; seen < studio_.came() * 95 / 100; ++seconds) {
      const auto found = per_second.find(seconds);
      if (found != per_second.end()) seen += static_cast<std::size_t>(found->second);
    }
    const double share = static_cast<double>(studio_.came()) / static_cast<double>(seconds);
    EXPECT_LT(highest(per_second), 3 * share) << outage.count() << " s";
    acknowledge_for(2min);  // the windows start afresh
  }
}

TEST_F(Reconnect, N15_TenMinutesWithoutAMessageButAcknowledgementsKeepTheLink) {
  start(1);
  acknowledge_for(10min);
  EXPECT_EQ(studio_.came(), 1U);
  EXPECT_GE(studio_.links().front()->pings, 39);
  EXPECT_FALSE(studio_.links().front()->closed);
}
