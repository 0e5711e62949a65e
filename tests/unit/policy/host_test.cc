#include "host_fixture.h"

namespace policy::test {
namespace {

TEST_F(PolicyHostTest, WithoutAPolicyEverythingIsAcceptedAndNoChildRuns) {
  options.path.clear();
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("accepted");
    EXPECT_THAT(host_pids(), ElementsAre());
    EXPECT_EQ(test.host->status().generation, 0U);
  });
}

TEST_F(PolicyHostTest, AMissingProgramIsAnErrorAtTheStart) {
  options.host_program = "/nonexistent/studio-policy-host";
  make();
  base::TaskGroup group(io.get_executor());
  group.spawn("test", [](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto started = co_await test.host->start();
    EXPECT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("/nonexistent/studio-policy-host"));
    test.done = true;
  }(*this));
  io.run();
  EXPECT_TRUE(done);
}

TEST_F(PolicyHostTest, DecidesWithReasonRuleAndGeneration) {
  write(folder / "a.lua", declining("not today"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    test.host->wake();
    const auto offer = make_offer();
    const auto decision = co_await test.host->decide(offer, kNow);
    EXPECT_FALSE(decision.accepted);
    EXPECT_EQ(decision.reason, "not today");
    EXPECT_EQ(decision.rule, "a.lua:2");
    EXPECT_EQ(decision.generation, 1U);
    EXPECT_TRUE(decision.trace.empty());
    EXPECT_THAT(test.host->status().files, ElementsAre("a.lua"));
  });
}

TEST_F(PolicyHostTest, HooksInTheChildAskForThePast) {
  write(folder / "a.lua",
        with_worker("worker.zone 'Asia/Tokyo'\n"
                    "worker.window 'night' { from = '20:00', to = '07:00' }\n"
                    "worker.on('offer', function(offer)\n"
                    "  local function jobs(per) return worker.used { game = 'a*', per = per }.jobs end\n"
                    "  return worker.decline(jobs 'night' .. ' ' .. jobs 'day' .. ' ' .. jobs 'week'\n"
                    "                        .. ' ' .. offer.est_time .. ' ' .. tostring(offer.cached)\n"
                    "                        .. ' ' .. offer.download / worker.gib(1))\n"
                    "end)"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    job::UsageTable usage;
    usage.add(utc(2026, 3, 22, 15), {{"a", {.jobs = 6}}});  // Monday 00:00 in Tokyo
    usage.add(utc(2026, 3, 23, 15), {{"a", {.jobs = 4}}, {"b", {.jobs = 9}}});
    usage.add(utc(2026, 3, 24, 11), {{"ab", {.jobs = 2}}, {"a", {.jobs = 1}}});
    auto facts = kNow;  // 21:00
    facts.usage = &usage;
    facts.est_time = 90s;
    facts.cached = false;
    facts.download = 3 * base::kGiB;
    const auto offer = make_offer();
    const auto decision = co_await test.host->decide(offer, facts);
    EXPECT_EQ(decision.reason, "3 4 6 90 false 3");
  });
}

TEST_F(PolicyHostTest, BothProcessesMeanTheSameDay) {
  write(folder / "a.lua",
        with_worker("worker.zone 'Asia/Tokyo'\n"
                    "worker.game '*' { quota = { jobs = 1, per = 'day' } }\n"
                    "worker.on('offer', function()\n"
                    "  return worker.decline(worker.used { game = '*', per = 'day' }.jobs .. ' jobs')\n"
                    "end)"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    job::UsageTable usage;
    usage.add(utc(2026, 3, 24), {{"a", {.jobs = 1}}});
    usage.add(utc(2026, 3, 23, 15), {{"b", {.gpu_time = 1s}}});
    auto facts = kNow;
    facts.usage = &usage;
    const auto offer = make_offer();
    auto decision = co_await test.host->decide(offer, facts);
    EXPECT_EQ(decision.reason, "0 jobs");
    usage = {};
    usage.add(utc(2026, 3, 23, 15), {{"a", {.jobs = 1}}});
    decision = co_await test.host->decide(offer, facts);
    EXPECT_EQ(decision.reason, "quota of 1 job per \"day\" used up");
  });
}

TEST_F(PolicyHostTest, ExplainsWhenAsked) {
  write(folder / "a.lua", declining("not today"));
  options.explain = true;
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto offer = make_offer();
    const auto decision = co_await test.host->decide(offer, kNow);
    EXPECT_EQ(decision.trace.size(), 1U);
    EXPECT_EQ(decision.trace.at(0).text, "not today");
  });
}

TEST_F(PolicyHostTest, DecidesByDeclarationsWithoutTheChild) {
  write(folder / "a.lua", with_worker("worker.game 'tide-*' { accept = false, reason = 'not this one' }\n"
                                      "worker.game '*' { max_time = '15m' }"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    for (const pid_t pid : host_pids()) ::kill(pid, SIGSTOP);
    auto offer = make_offer();
    offer.game = base::GameId("tide-runner");
    const auto refused = co_await test.host->decide(offer, kNow);
    EXPECT_EQ(refused.reason, "not this one");
    EXPECT_EQ(refused.rule, "a.lua:2");
    offer.game = base::GameId("harbour");
    const auto accepted = co_await test.host->decide(offer, kNow);
    EXPECT_TRUE(accepted.accepted);
    EXPECT_EQ(accepted.rule, "a.lua:3");
    EXPECT_EQ(accepted.plan.max_time, 15min);
    EXPECT_EQ(accepted.generation, 1U);
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
}

TEST_F(PolicyHostTest, AsksNoHookAboutWhatADeclarationRefuses) {
  write(folder / "a.lua", with_worker("worker.game 'tide-*' { accept = false, reason = 'not this one' }\n"
                                      "worker.game '*' {}\n"
                                      "worker.on('offer', function() return worker.decline 'a hook' end)"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    auto offer = make_offer();
    offer.game = base::GameId("tide-runner");
    const auto declared = co_await test.host->decide(offer, kNow);
    EXPECT_EQ(declared.reason, "not this one");
    offer.game = base::GameId("harbour");
    const auto hooked = co_await test.host->decide(offer, kNow);
    EXPECT_EQ(hooked.reason, "a hook");
    EXPECT_EQ(hooked.rule, "a.lua:4");
  });
}

TEST_F(PolicyHostTest, AHookThatFailsDeclinesAndIsCounted) {
  write(folder / "a.lua", with_worker("worker.on('offer', function(offer)\n return offer.seconds > 1\nend)"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto offer = make_offer();
    const auto decision = co_await test.host->decide(offer, kNow);
    EXPECT_EQ(decision.reason, "policy error");
    EXPECT_EQ(decision.code, job::RejectCode::kPaused);
    EXPECT_EQ(decision.rule, "a.lua:3");
    EXPECT_EQ(test.host->status().errors, 1U);
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
}

TEST_F(PolicyHostTest, AHangingChildIsKilledAndReplaced) {
  write(folder / "a.lua", declining("not today"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("not today");
    const pid_t first = host_pids().at(0);
    ::kill(first, SIGSTOP);
    const auto start = std::chrono::steady_clock::now();
    co_await test.expect("policy error: no verdict in time");
    EXPECT_GE(std::chrono::steady_clock::now() - start, test.options.hard_limit);
    co_await test.expect("not today");
    EXPECT_NE(host_pids().at(0), first);
    EXPECT_EQ(test.host->status().restarts, 1U);
    EXPECT_EQ(test.host->status().generation, 1U);
  });
}

TEST_F(PolicyHostTest, AChildThatIsKilledInADecisionIsReplaced) {
  write(folder / "a.lua", declining("not today"));
  options.hard_limit = kLongWait;  // not the limit but the end of the child must end the wait
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    for (const int signal : {SIGKILL, SIGABRT}) {
      co_await test.expect("not today");
      const pid_t pid = host_pids().at(0);
      ::kill(pid, SIGSTOP);
      // Runs when the decision waits for the child: the handler is queued behind this coroutine.
      asio::post(test.io, [pid, signal] {
        ::kill(pid, signal);
        ::kill(pid, SIGCONT);
      });
      const auto start = std::chrono::steady_clock::now();
      co_await test.expect("policy error: no verdict in time");
      EXPECT_LT(std::chrono::steady_clock::now() - start, test.options.hard_limit);
    }
    co_await test.expect("not today");
    EXPECT_EQ(test.host->status().restarts, 2U);
  });
}

TEST_F(PolicyHostTest, AChildThatDiesIdleIsReplacedWithTheLastGoodPolicy) {
  write(folder / "a.lua", declining("not today"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("not today");
    write(test.folder / "a.lua", "this is broken");
    co_await test.until_error("a.lua:1");
    ::kill(host_pids().at(0), SIGKILL);
    std::function<bool(const PolicyStatus&)> restarted = [](const PolicyStatus& status) {
      return status.restarts == 1;
    };
    co_await test.until(restarted);
    co_await test.expect("not today");
    EXPECT_THAT(test.host->status().error, HasSubstr("a.lua:1"));
  });
}

asio::awaitable<void> of_named_cards(PolicyHostTest& test) {
  const auto limit = test.host->vram_limit(kNow.now);
  EXPECT_EQ(limit.bytes, 18 * base::kGiB) << "6 of the first card, and all of the second";
  EXPECT_EQ(limit.rule, "a.lua:2");
  co_return;
}

TEST_F(PolicyHostTest, ABoundOfNamedCardsKnowsTheCardsOfTheMachine) {
  write(folder / "a.lua", with_worker("worker.vram { at_most = '6GiB', gpus = { 0 } }\n"));
  options.cards = {{.index = 0, .total = 20 * base::kGiB}, {.index = 1, .total = 12 * base::kGiB}};
  run(&of_named_cards);
}

}  // namespace
}  // namespace policy::test
