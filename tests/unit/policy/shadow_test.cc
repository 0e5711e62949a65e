// A policy that is tried beside the one in force: it decides the same offers, and changes nothing.
#include "policy/host/shadow/shadow.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "host_fixture.h"
#include "policy/records/ring.h"

namespace policy::test {
namespace {

class ShadowTest : public PolicyHostTest {
 public:
  ShadowTest() {
    options.data = root.path() / "data";
    fs::create_directory(beside);
    write(folder / "a.lua", declining("in force"));
  }

  static asio::awaitable<base::Status> counted(ShadowTest& test, std::uint64_t offers) {
    while (test.host->shadow_report()->tally.offers < offers) {
      const auto next = test.clock->now() + 2ms;
      co_await test.clock->sleep_until(next);
    }
    co_return base::Status();
  }
  /// Waits until the shadow has decided so many offers.
  asio::awaitable<ShadowReport> decided(std::uint64_t offers) {
    auto waiting = base::with_timeout(*clock, kLongWait, std::string("the shadow"), counted(*this, offers));
    const auto seen = co_await std::move(waiting);
    if (!seen) throw std::runtime_error("the shadow did not decide");
    co_return *host->shadow_report();
  }
  asio::awaitable<void> begin() {
    const auto begun = co_await host->shadow(beside);
    EXPECT_TRUE(begun) << begun.error().message;
  }

  fs::path beside = root.path() / "edited";
};

ShadowTest& shadow(PolicyHostTest& test) {
  return static_cast<ShadowTest&>(test);
}

TEST_F(ShadowTest, CountsWhatItWouldChangeAndChangesNothing) {
  write(beside / "b.lua", with_worker("worker.game 'ember-*' {}\nworker.game '*' { accept = false }"));
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    EXPECT_FALSE(test.host->shadow_report());
    co_await test.begin();
    EXPECT_EQ(test.host->status().shadow, test.beside.string());
    for (int i = 0; i < 3; ++i) co_await test.expect("in force");
    const auto other = make_offer("tide-runner");
    const auto decision = co_await test.host->decide(other, kNow);
    EXPECT_EQ(decision.reason, "in force");
    const auto report = co_await test.decided(4);
    EXPECT_EQ(report.tally.now_accepted, 3U);
    EXPECT_EQ(report.tally.same, 1U);
    EXPECT_EQ(report.tally.groups.size(), 1U);
    if (report.tally.groups.empty()) co_return;
    EXPECT_EQ(report.tally.groups[0].before, "a.lua:2");
    EXPECT_EQ(report.tally.groups[0].rule, "b.lua:2");
    EXPECT_EQ(report.tally.groups[0].witness.offer.game.str(), "ember-keep");
    const auto ended = co_await test.host->stop_shadow();
    EXPECT_TRUE(ended);
    EXPECT_FALSE(test.host->shadow_report());
    EXPECT_EQ(test.host->status().shadow, "");
    co_await test.expect("in force");
  });
  const auto decisions = records::folder_in(options.data);
  std::vector<std::string> rules;
  records::for_each(
      decisions, {},
      [&](const records::DecisionRecord& record) {
        rules.push_back(record.decision.rule);
        return true;
      },
      records::Mode::kShadow);
  EXPECT_THAT(rules, ElementsAre("b.lua:2", "b.lua:2", "b.lua:2", "b.lua:3"));
  EXPECT_EQ(records::newest(decisions, 100).size(), 5U) << "of the policy in force alone";
  EXPECT_EQ(records::newest(decisions, 3).size(), 3U);
}

TEST_F(ShadowTest, ABrokenOneIsRefusedWithItsLine) {
  write(beside / "b.lua", "this is no policy");
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    const auto broken = co_await test.host->shadow(test.beside);
    EXPECT_FALSE(broken);
    EXPECT_THAT(broken ? "" : broken.error().message, HasSubstr("b.lua:1"));
    const auto missing = co_await test.host->shadow(test.root.path() / "nowhere");
    EXPECT_FALSE(missing);
    EXPECT_FALSE(test.host->shadow_report());
    const auto none = co_await test.host->stop_shadow();
    EXPECT_FALSE(none);
  });
}

TEST_F(ShadowTest, ASaveBeginsTheCountsAgainAndABrokenOneChangesNothing) {
  write(beside / "b.lua", declining("one"));
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    co_await test.begin();
    co_await test.expect("in force");
    const auto first = co_await test.decided(1);
    write(test.beside / "b.lua", with_worker("worker.nothing()"));
    while (test.host->shadow_report()->error.empty()) {
      const auto next = test.clock->now() + 5ms;
      co_await test.clock->sleep_until(next);
    }
    EXPECT_THAT(test.host->shadow_report()->error, HasSubstr("b.lua:2"));
    EXPECT_EQ(test.host->shadow_report()->tally.offers, 1U);
    write(test.beside / "b.lua", with_worker("worker.on('offer', function() return worker.accept 'yes' end)"));
    while (test.host->shadow_report()->hash == first.hash) {
      const auto next = test.clock->now() + 5ms;
      co_await test.clock->sleep_until(next);
    }
    EXPECT_EQ(test.host->shadow_report()->error, "");
    EXPECT_EQ(test.host->shadow_report()->tally.offers, 0U);
    co_await test.expect("in force");
    const auto second = co_await test.decided(1);
    EXPECT_EQ(second.tally.now_accepted, 1U);
  });
}

/// What is declared is decided without a child: the policy in force does not need the one that stands still.
constexpr std::string_view kDeclared = "worker.game '*' { accept = false, reason = 'declared' }";

TEST_F(ShadowTest, OneThatLoopsDeclinesAndIsCounted) {
  write(beside / "b.lua", with_worker("worker.on('offer', function() while true do end end)"));
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    co_await test.begin();
    for (int i = 0; i < 3; ++i) co_await test.expect("in force");
    const auto report = co_await test.decided(3);
    EXPECT_EQ(report.tally.errors, 3U);
    EXPECT_EQ(test.host->status().errors, 0U) << "of the policy in force";
  });
}

TEST_F(ShadowTest, OneThatStandsStillDelaysNothingAndIsReplaced) {
  write(folder / "a.lua", with_worker(kDeclared));
  write(beside / "b.lua", declining("tried"));
  options.hard_limit = 200ms;
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    co_await test.begin();
    for (const pid_t pid : host_pids()) ::kill(pid, SIGSTOP);
    const auto start = test.clock->now();
    for (int i = 0; i < 3; ++i) co_await test.expect("declared");
    EXPECT_LT(test.clock->now() - start, 150ms);
    auto report = co_await test.decided(3);
    EXPECT_EQ(report.tally.errors, 3U);
    while (report.tally.errors == report.tally.offers) {
      co_await test.expect("declared");
      report = co_await test.decided(report.tally.offers + 1);
    }
    EXPECT_EQ(report.restarts, 1U);
    EXPECT_EQ(report.tally.same, 1U);
    EXPECT_EQ(test.host->status().restarts, 0U) << "of the policy in force";
  });
}

TEST_F(ShadowTest, OffersThatComeTooFastAreDroppedAndCounted) {
  write(folder / "a.lua", with_worker(kDeclared));
  write(beside / "b.lua", declining("tried"));
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    co_await test.begin();
    for (const pid_t pid : host_pids()) ::kill(pid, SIGSTOP);
    for (int i = 0; i < 100; ++i) co_await test.expect("declared");
    EXPECT_GE(test.host->shadow_report()->dropped, 100U - policy::host::Shadow::kMostWaiting - 1);
  });
}

TEST_F(ShadowTest, KnowsWhatGamesHad) {
  write(beside / "b.lua", with_worker("worker.game '*' { quota = { jobs = 3, per = 'day' } }"));
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    co_await test.begin();
    struct Used final : job::Usage {
      std::vector<job::GameUse> since(base::WallTime, base::WallTime) const override {
        return {{"ember-keep", {.jobs = 3}}};
      }
    } const used;
    auto facts = kNow;
    facts.usage = &used;
    const auto offer = make_offer();
    const auto decision = co_await test.host->decide(offer, facts);
    EXPECT_EQ(decision.reason, "in force");
    const auto report = co_await test.decided(1);
    EXPECT_EQ(report.tally.same, 1U) << "the quota is used up";
  });
}

TEST_F(ShadowTest, IsPromotedUntilTheFolderChangesAlsoOverARestart) {
  write(beside / "b.lua", declining("tried"));
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    const auto early = co_await test.host->promote(true);
    EXPECT_FALSE(early);
    co_await test.begin();
    const auto promoted = co_await test.host->promote(false);
    EXPECT_TRUE(promoted) << promoted.error().message;
    EXPECT_THAT(promoted.value_or(""), HasSubstr("generation 2 is in force until the policy folder changes"));
    EXPECT_FALSE(test.host->shadow_report());
    EXPECT_EQ(test.host->status().since, "promoted from the shadow");
    co_await test.expect("tried");
  });
  done = false;
  io.restart();
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    co_await test.expect("tried");
    EXPECT_EQ(test.host->status().generation, 2U);
    write(test.folder / "a.lua", declining("saved"));
    co_await test.until_generation(3);
    co_await test.expect("saved");
    // The folder is the policy again, also as it was before.
    write(test.folder / "a.lua", declining("in force"));
    co_await test.until_generation(4);
    co_await test.expect("in force");
  });
}

TEST_F(ShadowTest, IsKeptUntilItsPromotionIsOver) {
  write(beside / "b.lua", declining("tried"));
  write(beside / "b_test.lua", "test('slow', function(t) for i = 1, 300 do t:declines({}, 'tried') end end)");
  const fs::path third = root.path() / "third";
  fs::create_directory(third);
  write(third / "c.lua", declining("third"));
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    using namespace asio::experimental::awaitable_operators;
    auto& test = shadow(base);
    co_await test.begin();
    auto all = test.host->promote(true) && test.host->stop_shadow() && test.host->shadow(test.root.path() / "third");
    const auto [promoted, stopped, begun] = co_await std::move(all);
    EXPECT_TRUE(promoted) << promoted.error().message;
    EXPECT_THAT(promoted.value_or(""), HasSubstr(test.beside.string()));
    EXPECT_TRUE(begun) << begun.error().message;
    co_await test.expect("tried");
    EXPECT_TRUE(stopped || stopped.error().code == base::Code::kNotFound);
  });
}

TEST_F(ShadowTest, IsNotPromotedWhenItsTestsFail) {
  write(beside / "b.lua", declining("tried"));
  write(beside / "b_test.lua", "test('never', function(t) t:accepts {} end)");
  run([](PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = shadow(base);
    co_await test.begin();
    const auto promoted = co_await test.host->promote(false);
    EXPECT_FALSE(promoted);
    EXPECT_THAT(promoted ? "" : promoted.error().message, HasSubstr("b_test.lua:1"));
    EXPECT_TRUE(test.host->shadow_report());
    co_await test.expect("in force");
  });
}

}  // namespace
}  // namespace policy::test
