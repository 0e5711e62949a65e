// policy explain: every rule's part, what pauses, what bounds the memory, and the change that would have helped.
#include "policy/explain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/inspect.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr base::Bytes kCard = 20 * base::kGiB;

job::Facts with_card(base::WallTime now) {
  job::Facts facts = at(now);
  facts.gpus = {{.name = "RTX", .total = kCard}};
  return facts;
}

job::MachineFacts quiet_machine() {
  job::MachineFacts machine;
  machine.apps.value = std::vector<std::string>{};
  machine.user_idle.value = std::chrono::hours(3);
  machine.on_battery.value = false;
  machine.gpus.value =
      std::vector<job::GpuFacts>{{.name = "RTX", .total = kCard, .foreign = std::vector<job::GpuProcess>{}}};
  return machine;
}

class ShippedPolicies : public ::testing::Test {
 public:
  /// The text of an explanation at this time of 2026-03-25 in Berlin, an hour before UTC.
  std::string text(const job::Offer& offer, int hour, std::optional<job::MachineFacts> machine = std::nullopt) {
    const auto facts = with_card(utc(2026, 3, 25, hour, 12));
    last = explain(*runtime, offer, facts, machine);
    return to_text(offer, facts, last);
  }

  std::unique_ptr<PolicyRuntime> runtime = std::move(*open_policy(STUDIO_SOURCE_DIR "/policies"));
  Explanation last;
};

TEST_F(ShippedPolicies, EveryRuleHasItsLineAndTheBudgetItsRule) {
  const auto text = this->text(make_offer("prototype-7"), 0);
  EXPECT_THAT(text, HasSubstr("offer 8f3c  prototype-7 / image  vram 9.2 GiB   wed 2026-03-25 01:12 Europe/Berlin\n"));
  EXPECT_THAT(text, HasSubstr("  pass        10-night.lua:7  inside \"night\" (since tue 2026-03-24 22:00, "
                              "ends wed 2026-03-25 07:00)\n"));
  EXPECT_THAT(text, HasSubstr("  DECLINE     20-games.lua:4  game \"prototype-7\" is not accepted here\n"));
  EXPECT_THAT(text, HasSubstr("  no opinion  20-games.lua:6  no opinion\n"));
  EXPECT_THAT(text,
              HasSubstr("-> declined \"prototypes stay in-house\"      [budget at most 18 GiB from 40-vram.lua:2]"));
  EXPECT_THAT(text, HasSubstr("it would pass with: accept = true\n"));
}

TEST_F(ShippedPolicies, AtATimeThatIsNotNowWhatIsUnknownIsSaidAndDoesNotPause) {
  EXPECT_THAT(text(make_offer(), 0),
              HasSubstr("  pass        pause           nothing holds (unknown: the cards, which programs run)\n"));
  EXPECT_TRUE(last.decision.accepted);
  EXPECT_FALSE(last.budget.exact);
}

TEST_F(ShippedPolicies, OnAQuietMachineNothingIsUnknown) {
  const auto quiet = text(make_offer(), 0, quiet_machine());
  EXPECT_THAT(quiet, HasSubstr("pause           nothing holds (unknown: none)\n-> accepted"));
  EXPECT_THAT(quiet, HasSubstr("[budget 18 GiB from 40-vram.lua:2]"));
  EXPECT_EQ(last.near_miss, "");
}

TEST_F(ShippedPolicies, WhatPausesDeclinesWithItsRule) {
  auto machine = quiet_machine();
  machine.apps.value->push_back("maya.bin");
  machine.gpus = {std::nullopt, "no driver"};
  const auto text = this->text(make_offer(), 0, machine);
  EXPECT_THAT(text, HasSubstr("  DECLINE     30-pause.lua:2  paused: artist is working (finish): maya.bin runs\n"));
  EXPECT_THAT(text, HasSubstr("paused: someone else uses the GPU (return): unknown: the cards (no driver)\n"));
  EXPECT_THAT(text, HasSubstr("-> declined \"paused: someone else uses the GPU\""));
  EXPECT_EQ(last.decision.code, job::RejectCode::kPaused);
  EXPECT_EQ(last.decision.rule, "30-pause.lua:6");
}

TEST_F(ShippedPolicies, AHotCardBoundsTheMemoryAndSaysHowMuchIsMissing) {
  auto machine = quiet_machine();
  machine.gpus.value->front().temperature = 90;
  auto offer = make_offer();
  offer.vram_gb = 11;
  const auto text = this->text(offer, 0, machine);
  EXPECT_THAT(text, HasSubstr("  DECLINE     40-vram.lua:5   needs 11 GiB, jobs may use 10 GiB now\n"));
  EXPECT_THAT(text, HasSubstr("[budget 10 GiB from 40-vram.lua:5]"));
  EXPECT_THAT(text, HasSubstr("it would pass with: 1 GiB more for jobs\n"));
  EXPECT_EQ(last.decision.code, job::RejectCode::kInsufficientMemory);
}

TEST(Explain, ABoundOfNamedCardsLeavesTheOthersWhole) {
  const auto runtime = load("worker.vram { at_most = '6GiB', gpus = { 1 } }");
  job::Facts facts{.now = utc(2026, 3, 25)};
  facts.gpus = {{.index = 0, .total = 24 * base::kGiB}, {.index = 1, .total = 16 * base::kGiB}};
  EXPECT_EQ(explain(*runtime, make_offer(), facts).budget.bytes, 30 * base::kGiB);
}

TEST(Explain, ANearMissIsOneChangeOrNone) {
  const auto runtime = load("worker.game '*' { max_vram = '8GiB' }");
  const auto facts = with_card(utc(2026, 3, 25));
  const auto one = explain(*runtime, make_offer(), facts);
  EXPECT_EQ(one.near_miss, "max_vram 9421MiB (1.2 GiB more)");
  EXPECT_THAT(to_text(make_offer(), facts, one), Not(HasSubstr("budget")));
  EXPECT_THAT(to_text(make_offer(), facts, one), Not(HasSubstr("pause")));
  const auto both = load("worker.game '*' { max_vram = '8GiB' } worker.vram { at_most = '9GiB' }");
  EXPECT_EQ(explain(*both, make_offer(), facts).near_miss, "");
}

TEST(Explain, TheHouseObjectsInTheOrderInWhichTheWorkerAsks) {
  const auto runtime = load(
      "worker.game '*' { accept = false }\n"
      "worker.pause_when 'lunch' { during = 'noon' }\n"
      "worker.window 'noon' { from = '11:00', to = '13:00' }\n"
      "worker.zone 'UTC'");
  House house;
  house.before_pauses = {{"drain", "the worker is ending"}, {"config.toml: auto_enabled", "disabled"}};
  house.before_rules = {{"engines", "no engine", job::RejectCode::kNone}};
  const auto noon = explain(*runtime, make_offer(), at(utc(2026, 3, 25, 12)), std::nullopt, house);
  EXPECT_EQ(noon.decision.reason, "the worker is ending");
  EXPECT_EQ(noon.decision.rule, "drain");
  EXPECT_EQ(noon.near_miss, "") << "one change does not help against two";
  const auto& trace = noon.decision.trace;
  ASSERT_GE(trace.size(), 4U);
  EXPECT_EQ(trace[0].rule, "drain");
  EXPECT_EQ(trace[1].rule, "config.toml: auto_enabled");
  EXPECT_EQ(trace[2].rule, "engines");
  house.before_pauses.clear();
  EXPECT_EQ(explain(*runtime, make_offer(), at(utc(2026, 3, 25, 12)), std::nullopt, house).decision.reason,
            "paused: lunch");
  const auto later = explain(*runtime, make_offer(), at(utc(2026, 3, 25, 14)), std::nullopt, house);
  EXPECT_EQ(later.decision.reason, "no engine");
  EXPECT_EQ(later.decision.code, job::RejectCode::kNone);
}

TEST(Explain, WhatIsMoreThanTheHouseAllowsNeverFits) {
  const auto runtime = load("worker.vram { at_most = '9GiB' }");
  const auto facts = with_card(utc(2026, 3, 25));
  House house{.memory = 8 * base::kGiB, .memory_rule = "config.toml: vram_threshold_gb"};
  const auto small = explain(*runtime, make_offer(), facts, std::nullopt, house);
  EXPECT_EQ(small.decision.code, job::RejectCode::kNone);
  EXPECT_EQ(small.decision.rule, "config.toml: vram_threshold_gb");
  EXPECT_EQ(small.decision.reason, "needs 9.2 GiB, this worker's bound is 8 GiB");
  EXPECT_EQ(small.near_miss, "");
  house.memory = 10 * base::kGiB;
  const auto more = explain(*runtime, make_offer(), facts, std::nullopt, house);
  EXPECT_EQ(more.decision.code, job::RejectCode::kInsufficientMemory);
  EXPECT_EQ(more.near_miss, "204.8 MiB more for jobs");
}

TEST(Explain, AWindowAlonePausesWithoutSensorsAndAFunctionIsNotAsked) {
  const auto runtime = load(
      "worker.window 'noon' { from = '11:00', to = '13:00' }\n"
      "worker.zone 'UTC'\n"
      "worker.pause_when 'lunch' { during = 'noon', start_after = '5m' }\n"
      "worker.on('pause', function(machine) return machine.apps.x end)\n"
      "worker.vram { keep_free = '1GiB' }");
  const auto noon = explain(*runtime, make_offer(), at(utc(2026, 3, 25, 12)));
  EXPECT_EQ(noon.decision.reason, "paused: lunch");
  EXPECT_EQ(noon.pauses.front().why, "inside \"noon\", pauses after 5m");
  EXPECT_EQ(noon.error, "");
  const auto later = explain(*runtime, make_offer(), at(utc(2026, 3, 25, 14)));
  EXPECT_TRUE(later.decision.accepted);
  EXPECT_THAT(later.unmeasured, ElementsAre("what p.lua:5 says"));
  EXPECT_THAT(to_text(make_offer(), at(utc(2026, 3, 25, 14)), later),
              HasSubstr("[budget unknown: the size of the cards is not known]"));
}

}  // namespace
}  // namespace policy::test
