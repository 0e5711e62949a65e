// worker.pause_when: what may be written, which conditions hold, when a pause begins and ends.
#include <gtest/gtest.h>

#include "policy/describe.h"
#include "policy/host/protocol.h"
#include "policy/pause/conditions.h"
#include "policy/pause/keeper.h"
#include "policy_fixture.h"

namespace policy {
namespace {

using namespace std::chrono_literals;
using base::kGiB;
using pause::Action;
using pause::Answer;
using test::load_error;
using test::utc;

rules::RuleSet rules_of(std::string_view text) {
  const auto runtime = test::load(text);
  return runtime ? runtime->rules() : rules::RuleSet(rules::Zone::utc());
}

job::MachineFacts running(std::vector<std::string> apps) {
  job::MachineFacts facts;
  facts.apps = {std::move(apps), "/proc"};
  return facts;
}

job::MachineFacts with_cards(std::vector<job::GpuFacts> cards) {
  job::MachineFacts facts;
  facts.gpus = {std::move(cards), "NVML"};
  return facts;
}

TEST(PauseLanguage, SaysWhatIsWrongAtTheOperatorsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"worker.pause_when 'x' { aps = 'maya*' }",
       "p.lua:2: worker.pause_when 'x': unknown key 'aps', did you mean 'apps'?"},
      {"worker.pause_when 'x' { on_battery = true, during = {} }",
       "p.lua:2: worker.pause_when 'x': during: is empty; leave it out for always"},
      {"worker.pause_when 'x' { apps = {} }", "p.lua:2: worker.pause_when 'x': apps: is empty: name a program"},
      {"worker.pause_when 'x' { action = 'finish' }",
       "p.lua:2: worker.pause_when 'x': apps: or another condition is needed: foreign_gpu, user_active_within, "
       "on_battery, hotter_than, during"},
      {"worker.pause_when 'x' { apps = 'a', action = 'finsh' }",
       "p.lua:2: worker.pause_when 'x': action: unknown action 'finsh', did you mean 'finish'?"},
      {"worker.pause_when 'x' { apps = 'a', resume_after = 5 }",
       "p.lua:2: worker.pause_when 'x': resume_after: write it with a unit, like '20m'"},
      {"worker.pause_when 'x' { apps = 'a', start_after = '25h' }",
       "p.lua:2: worker.pause_when 'x': start_after: must be at most 24h"},
      {"worker.pause_when 'x' { apps = 'a', if_unknown = 'ignor' }",
       "p.lua:2: worker.pause_when 'x': if_unknown: unknown answer 'ignor', did you mean 'ignore'?"},
      {"worker.pause_when 'x' { hotter_than = '83F' }",
       "p.lua:2: worker.pause_when 'x': hotter_than: '83F' is not a temperature: write it in degrees Celsius like "
       "'83C'"},
      {"worker.pause_when 'x' { apps = 'a', gpus = { 0 } }",
       "p.lua:2: worker.pause_when 'x': gpus: says which cards foreign_gpu or hotter_than look at, and neither is "
       "there"},
      {"worker.pause_when 'x' { foreign_gpu = true, gpus = { 0.5 } }",
       "p.lua:2: worker.pause_when 'x': gpus: must be whole numbers from 0, like { 0, 1 }"},
      {"worker.pause_when 'x' { foreign_gpu = { min = '1GiB' } }",
       "p.lua:2: foreign_gpu of worker.pause_when 'x': unknown key 'min'; known: min_vram, ignore"},
      {"worker.pause_when 'x' { during = 'nigth' }\nworker.window 'night' { from = '22:00', to = '07:00' }",
       "p.lua:2: unknown window 'nigth', did you mean 'night'?"},
      {"worker.pause_when 'x' { apps = 'a' }\nworker.pause_when 'x' { apps = 'b' }",
       "p.lua:3: worker.pause_when 'x' is declared already at p.lua:2"},
      {"worker.pause_when 'x'",
       "p.lua:2: worker.pause_when 'x' lacks its { ... } part; write it like worker.pause_when 'artist' { apps = { "
       "'maya*' } }"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(load_error(text), error) << text;
}

TEST(PauseConditions, ProgramsMatchByPatternWhateverTheirCase) {
  const auto rules = rules_of("worker.pause_when 'x' { apps = { 'UnrealEditor*', 'maya*' } }");
  const auto& rule = rules.pauses.front();
  EXPECT_EQ(pause::examine(rule, running({"bash", "unrealeditor.exe"})).why, "unrealeditor.exe runs");
  EXPECT_EQ(pause::examine(rule, running({"Maya.bin"})).answer, Answer::kTrue);
  EXPECT_EQ(pause::examine(rule, running({"bash", "amaya"})).answer, Answer::kFalse);
  EXPECT_EQ(pause::examine(rule, {}).answer, Answer::kUnknown);
}

TEST(PauseConditions, ForeignProgramsCountTogetherWithoutTheIgnoredOnes) {
  const auto rules =
      rules_of("worker.pause_when 'x' { foreign_gpu = { min_vram = '1GiB', ignore = { 'Xorg' } }, gpus = 0 }");
  const auto& rule = rules.pauses.front();
  const auto answer = [&](std::optional<std::vector<job::GpuProcess>> foreign, std::uint32_t index = 0) {
    return pause::examine(rule, with_cards({{.index = index, .foreign = std::move(foreign)}})).answer;
  };
  using Programs = std::vector<job::GpuProcess>;
  EXPECT_EQ(answer(Programs{{"Xorg", 4 * kGiB}}), Answer::kFalse);
  EXPECT_EQ(answer(Programs{{"maya.bin", kGiB / 2}, {"nuke", kGiB / 2}}), Answer::kTrue);
  EXPECT_EQ(answer(Programs{{"maya.bin", kGiB / 2}}), Answer::kFalse);
  EXPECT_EQ(answer(Programs{{"maya.bin", std::nullopt}}), Answer::kUnknown) << "it may use more than the limit";
  EXPECT_EQ(answer(std::nullopt), Answer::kUnknown);
  EXPECT_EQ(answer(Programs{{"maya.bin", 4 * kGiB}}, 1), Answer::kFalse) << "another card";
  EXPECT_EQ(pause::examine(rule, with_cards({})).answer, Answer::kFalse) << "a machine without cards";
  EXPECT_EQ(pause::examine(rule, {}).answer, Answer::kUnknown);
}

TEST(PauseConditions, AllOfAnEntryMustHoldAndANoOutweighsAnUnknown) {
  const auto rules =
      rules_of("worker.pause_when 'x' { apps = 'maya*', on_battery = true, user_active_within = '10m' }");
  const auto& rule = rules.pauses.front();
  auto facts = running({"maya"});
  EXPECT_EQ(pause::examine(rule, facts).answer, Answer::kUnknown);
  facts.on_battery = {true, ""};
  facts.user_idle = {9min, ""};
  EXPECT_EQ(pause::examine(rule, facts).why,
            "maya runs, somebody used this computer 540 s ago, this computer runs on battery");
  facts.user_idle = {10min, ""};
  EXPECT_EQ(pause::examine(rule, facts).answer, Answer::kFalse);
  facts.apps = {};
  EXPECT_EQ(pause::examine(rule, facts).answer, Answer::kFalse);
}

TEST(PauseConditions, AnyHotCardSuffices) {
  const auto rules = rules_of("worker.pause_when 'x' { hotter_than = '83C' }");
  const auto& rule = rules.pauses.front();
  EXPECT_EQ(pause::examine(rule, with_cards({{.temperature = 83}})).answer, Answer::kFalse);
  const auto hot = pause::examine(rule, with_cards({{.temperature = 40}, {.index = 1, .temperature = 84}}));
  EXPECT_EQ(hot.why, "GPU 1 has 84 C");
  EXPECT_EQ(pause::examine(rule, with_cards({{.temperature = 40}, {.index = 1}})).answer, Answer::kUnknown);
}

class PauseKeeper : public testing::Test {
 protected:
  void load(std::string_view text) { rules_.emplace(rules_of(text)); }
  pause::Pause at(base::Duration time, const job::MachineFacts& facts = {}) {
    return keeper_.update(*rules_, facts, base::SteadyTime(1000h) + time, utc(2026, 3, 24, 14) + time);
  }

  std::optional<rules::RuleSet> rules_;
  pause::Keeper keeper_;
};

TEST_F(PauseKeeper, HoldsThroughTheCoolDown) {
  load("worker.pause_when 'artist is working' { apps = 'UnrealEditor*', resume_after = '5m' }");
  EXPECT_FALSE(at(0s, running({"bash"})).paused());
  const auto pause = at(1s, running({"UnrealEditor.exe"}));
  ASSERT_TRUE(pause.paused());
  EXPECT_EQ(pause.held.front().title, "artist is working");
  EXPECT_EQ(pause.held.front().rule, "p.lua:2");
  EXPECT_EQ(pause.held.front().why, "UnrealEditor.exe runs");
  const auto cooling = at(2s, running({}));
  ASSERT_TRUE(cooling.paused());
  EXPECT_EQ(cooling.held.front().why, "no longer: UnrealEditor.exe runs; resumes in 300 s");
  EXPECT_TRUE(at(301s, running({})).paused());
  EXPECT_FALSE(at(302s, running({})).paused());
}

TEST_F(PauseKeeper, StartsLateAndOnlyWhenTheConditionHeldAllTheTime) {
  load("worker.pause_when 'x' { apps = 'cc', start_after = '30s', resume_after = '10s' }");
  EXPECT_FALSE(at(0s, running({"cc"})).paused());
  EXPECT_FALSE(at(29s, running({})).paused());
  EXPECT_FALSE(at(30s, running({"cc"})).paused());
  EXPECT_FALSE(at(59s, running({"cc"})).paused());
  EXPECT_TRUE(at(60s, running({"cc"})).paused());
  EXPECT_TRUE(at(61s, running({})).paused());
  EXPECT_TRUE(at(65s, running({"cc"})).paused()) << "it pauses still, so it need not begin again";
  EXPECT_TRUE(at(66s, running({})).paused());
  EXPECT_FALSE(at(76s, running({})).paused());
}

TEST_F(PauseKeeper, AReloadKeepsHowLongARuleHasHeld) {
  load("worker.pause_when 'x' { apps = 'cc', resume_after = '60s' }");
  EXPECT_TRUE(at(0s, running({"cc"})).paused());
  EXPECT_TRUE(at(1s, running({})).paused());
  load("worker.pause_when 'other' { apps = 'ld' }\nworker.pause_when 'x' { apps = 'cc', resume_after = '60s' }");
  EXPECT_TRUE(at(59s, running({})).paused());
  EXPECT_FALSE(at(61s, running({})).paused());
  load("worker.pause_when 'other' { apps = 'ld' }");
  EXPECT_FALSE(at(62s, running({})).paused());
}

TEST_F(PauseKeeper, TheStrongestActionWinsAndUnknownPausesUnlessToldOtherwise) {
  load(R"(worker.pause_when 'a' { apps = 'cc' }
worker.pause_when 'b' { apps = 'cc', action = 'suspend' }
worker.pause_when 'c' { on_battery = true, action = 'return', if_unknown = 'ignore' }
worker.pause_when 'd' { user_active_within = '10m' }
worker.pause_when 'e' { apps = 'ld', action = 'suspend', release_vram = true })");
  auto facts = running({"cc"});
  facts.user_idle.source = "Wayland does not tell it";
  const auto pause = at(0s, facts);
  ASSERT_EQ(pause.held.size(), 3U);
  EXPECT_EQ(pause.action(), Action::kSuspend);
  EXPECT_EQ(pause.held.front().title, "b");
  EXPECT_EQ(pause.held.back().why, "unknown: when somebody last used this computer (Wayland does not tell it)");
  EXPECT_FALSE(pause.release_vram());
  EXPECT_EQ(at(1s, running({"ld"})).action(), Action::kReturn) << "memory comes back only with the engine's end";
}

TEST_F(PauseKeeper, WindowsComeFirst) {
  load(R"(worker.zone 'Europe/Berlin'
worker.window 'afternoon' { days = 'tue', from = '15:30', to = '17:00' }
worker.pause_when 'Maya' { apps = 'maya*', during = 'afternoon' }
worker.pause_when 'lunch' { during = 'afternoon' }
worker.pause_when 'x' { apps = 'maya*', unless = 'afternoon' })");
  const auto before = at(0s, running({"maya"}));
  ASSERT_EQ(before.held.size(), 1U);
  EXPECT_EQ(before.held.front().title, "x");
  EXPECT_EQ(before.until, utc(2026, 3, 24, 14, 30));
  const auto inside = at(30min, running({"maya"}));
  ASSERT_EQ(inside.held.size(), 2U);
  EXPECT_EQ(inside.held.front().title, "Maya");
  EXPECT_EQ(inside.held.back().why, "inside \"afternoon\"");
  EXPECT_EQ(inside.until, utc(2026, 3, 24, 16));
  EXPECT_EQ(at(31min).held.size(), 2U) << "what runs is unknown, and that pauses";
}

TEST(PauseRules, AreCarriedToTheDaemonWhole) {
  const auto rules = rules_of(R"(worker.window 'night' { from = '22:00', to = '07:00' }
worker.pause_when 'everything' { apps = { 'a', 'b' }, foreign_gpu = { min_vram = '1GiB', ignore = 'Xorg' },
  user_active_within = '10m', on_battery = false, hotter_than = '83.5C', during = 'night', unless = 'night',
  gpus = { 0, 2 }, action = 'return', release_vram = true, start_after = '1s', resume_after = '2s',
  if_unknown = 'ignore' })");
  std::string frame;
  host::encode_loaded(frame, rules, {});
  auto reply = host::decode_reply(frame);
  ASSERT_TRUE(reply);
  const auto& carried = std::get<host::LoadReply>(*reply).declared.rules.pauses;
  ASSERT_EQ(carried.size(), 1U);
  const auto& rule = carried.front();
  EXPECT_EQ(rule.title, "everything");
  EXPECT_EQ(rules::to_string(rule.place), "p.lua:3");
  EXPECT_EQ(rule.apps, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(rule.foreign_gpu, (pause::ForeignGpu{kGiB, {"Xorg"}}));
  EXPECT_EQ(rule.user_active_within, 10min);
  EXPECT_EQ(rule.on_battery, false);
  EXPECT_EQ(rule.hotter_than, 83.5);
  EXPECT_EQ(rule.during, std::vector<std::string>{"night"});
  EXPECT_EQ(rule.unless, std::vector<std::string>{"night"});
  EXPECT_EQ(rule.gpus, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(rule.action, Action::kReturn);
  EXPECT_TRUE(rule.release_vram);
  EXPECT_EQ(rule.start_after, 1s);
  EXPECT_EQ(rule.resume_after, 2s);
  EXPECT_FALSE(rule.pause_if_unknown);
  frame.pop_back();
  EXPECT_FALSE(host::decode_reply(frame));
}

}  // namespace
}  // namespace policy
