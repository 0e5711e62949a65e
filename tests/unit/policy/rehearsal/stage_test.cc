// A policy on a virtual clock decides as the daemon would: pauses with their delays, quotas, windows, memory.
#include "policy/rehearsal/stage.h"

#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace policy {
namespace {

using namespace std::chrono_literals;
using base::kGiB;
using rehearsal::Stage;
using test::make_offer;
using test::utc;

const auto kNoon = utc(2026, 3, 24, 12);  // a Tuesday

job::MachineFacts with_apps(std::vector<std::string> apps) {
  auto facts = rehearsal::quiet_machine();
  facts.apps.value = std::move(apps);
  return facts;
}

TEST(Stage, EndsAPauseToTheSecond) {
  const auto policy =
      test::load("worker.pause_when 'artist' { apps = 'maya*', start_after = '30s', resume_after = '5m' }");
  Stage stage(*policy, kNoon, with_apps({"maya.bin"}));
  stage.advance(29s);
  EXPECT_FALSE(stage.pause().paused());
  stage.advance(1s);
  EXPECT_TRUE(stage.pause().paused());
  stage.set_facts(rehearsal::quiet_machine());
  stage.advance(299s);
  EXPECT_TRUE(stage.pause().paused());
  stage.advance(1s);
  EXPECT_FALSE(stage.pause().paused());
}

TEST(Stage, SeesTheEdgesOnTheWay) {
  const auto policy = test::load(
      "worker.zone 'UTC'\n"
      "worker.window 'lunch' { from = '12:30', to = '13:00' }\n"
      "worker.pause_when 'artist' { apps = 'maya*', during = 'lunch', start_after = '10m', resume_after = '1h' }");
  Stage stage(*policy, kNoon, with_apps({"maya.bin"}));
  stage.advance(1h + 59min + 59s);
  EXPECT_TRUE(stage.pause().paused()) << "it paused over lunch and an hour longer";
  stage.advance(1s);
  EXPECT_FALSE(stage.pause().paused());
}

TEST(Stage, SomebodyWhoIsAwayStaysAway) {
  const auto policy = test::load("worker.pause_when 'person' { user_active_within = '10m', resume_after = '1m' }");
  auto facts = rehearsal::quiet_machine();
  facts.user_idle.value = 4min;
  Stage stage(*policy, kNoon, facts);
  stage.advance(6min + 59s);
  EXPECT_TRUE(stage.pause().paused());
  stage.advance(1s);
  EXPECT_FALSE(stage.pause().paused());
  facts.user_idle.value = 0s;
  stage.set_facts(facts);
  stage.advance(24h);
  EXPECT_TRUE(stage.pause().paused()) << "who uses the computer goes on";
}

TEST(Stage, DeclinesWhilePausedAndSaysWhy) {
  const auto policy = test::load(
      "worker.pause_when 'artist' { apps = 'maya*', action = 'suspend' }\n"
      "worker.on('pause', function(machine) if machine.on_battery then return worker.pause 'battery' end end)");
  Stage stage(*policy, kNoon, with_apps({"maya.bin"}));
  for (const bool explain : {false, true}) {
    const auto decision = stage.offer(make_offer(), {}, explain).decision;
    EXPECT_FALSE(decision.accepted);
    EXPECT_EQ(decision.code, job::RejectCode::kPaused);
    EXPECT_EQ(decision.reason, "paused: artist");
    EXPECT_EQ(decision.rule, "p.lua:2");
    EXPECT_EQ(decision.trace.empty(), !explain);
  }
  auto facts = rehearsal::quiet_machine();
  facts.on_battery.value = true;
  stage.set_facts(facts);
  EXPECT_EQ(stage.offer(make_offer(), {}, false).decision.reason, "paused: battery");
}

TEST(Stage, CountsAQuotaOverANight) {
  const auto policy = test::load(
      "worker.zone 'UTC'\n"
      "worker.window 'night' { from = '22:00', to = '07:00' }\n"
      "worker.game '*' { quota = { jobs = 3, per = 'night' } }");
  Stage stage(*policy, utc(2026, 3, 24, 23));
  stage.done("ember-keep", {.jobs = 3});
  stage.set_clock(utc(2026, 3, 25, 1));
  EXPECT_EQ(stage.offer(make_offer(), {}, false).decision.reason, "quota of 3 jobs per \"night\" used up");
  stage.set_clock(utc(2026, 3, 25, 23));
  EXPECT_TRUE(stage.offer(make_offer(), {}, false).decision.accepted);
}

TEST(Stage, DeclinesWhatWillNotFinish) {
  const auto policy = test::load(
      "worker.zone 'UTC'\n"
      "worker.window 'night' { from = '22:00', to = '07:00' }\n"
      "worker.accept_during { 'night' }");
  Stage stage(*policy, utc(2026, 3, 25, 6, 30));
  EXPECT_TRUE(stage.offer(make_offer(), {.est_time = 29min}, false).decision.accepted);
  EXPECT_EQ(stage.offer(make_offer(), {.est_time = 31min}, false).decision.reason,
            "would not finish before the window ends");
}

TEST(Stage, TheSmallestBoundOfMemoryCounts) {
  const auto policy = test::load(
      "worker.vram { at_most = '10GiB' }\n"
      "worker.on('budget', function(gpu) if gpu.temperature > 80 then return '8GiB', 'hot' end end)");
  Stage stage(*policy, kNoon);
  EXPECT_EQ(stage.bound(), (rehearsal::Bound{10 * kGiB, "p.lua:2"}));
  EXPECT_TRUE(stage.offer(make_offer(), {}, false).decision.accepted);

  auto facts = rehearsal::quiet_machine();
  facts.gpus.value->front().temperature = 85;
  stage.set_facts(facts);
  EXPECT_EQ(stage.bound(), (rehearsal::Bound{8 * kGiB, "p.lua:3"}));
  const auto decision = stage.offer(make_offer(), {}, true).decision;
  EXPECT_EQ(decision.code, job::RejectCode::kInsufficientMemory);
  EXPECT_EQ(decision.reason, "needs 9.2 GiB, the bound is 8 GiB");
  EXPECT_EQ(decision.rule, "p.lua:3");

  auto large = make_offer();
  large.vram_gb = 30;
  EXPECT_EQ(stage.offer(large, {}, false).decision.code, job::RejectCode::kNone) << "it never fits here";
}

TEST(Stage, ABoundOfNamedCardsLeavesTheOthersWhole) {
  const auto policy = test::load("worker.vram { at_most = '6GiB', gpus = { 1 } }");
  auto facts = rehearsal::quiet_machine();
  facts.gpus.value->push_back({.index = 1, .total = 16 * kGiB});
  Stage stage(*policy, kNoon, facts);
  EXPECT_EQ(stage.bound(), (rehearsal::Bound{30 * kGiB, "p.lua:2"}));
}

TEST(Stage, AFunctionThatFailsPausesAndIsNamed) {
  const auto policy = test::load("worker.on('pause', function(machine) return machine.cpu.x end)");
  Stage stage(*policy, kNoon);
  EXPECT_TRUE(stage.pause().paused());
  EXPECT_EQ(stage.error(), "p.lua:2: attempt to index field 'cpu' (a number value)");
}

}  // namespace
}  // namespace policy
