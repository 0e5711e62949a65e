// The hooks of `pause` and `budget`: facts in, a pause or a bound out, in this process and in the child.
#include <gtest/gtest.h>

#include "policy/host/protocol.h"
#include "policy/pause/hook_bound.h"
#include "policy_fixture.h"

namespace policy {
namespace {

using base::kGiB;
using pause::Action;
using test::load_error;
using test::utc;

job::MachineFacts facts() {
  job::MachineFacts facts;
  facts.apps.value = std::vector<std::string>{"bash", "maya.bin"};
  facts.user_idle.value = std::chrono::seconds(90);
  facts.on_battery.value = false;
  facts.memory_free.value = 8 * kGiB;
  facts.gpus.value =
      std::vector<job::GpuFacts>{{.index = 0,
                                  .uuid = "GPU-0",
                                  .name = "Card",
                                  .total = 20 * kGiB,
                                  .free = 12 * kGiB,
                                  .temperature = 84,
                                  .busy = 0.5,
                                  .ours = kGiB,
                                  .foreign = std::vector<job::GpuProcess>{{"nuke", 2 * kGiB}, {"Xorg", std::nullopt}}},
                                 {.index = 1, .name = "Other", .total = 8 * kGiB, .free = 8 * kGiB, .temperature = 40}};
  return facts;
}

Sensed sense(std::string_view text, const job::MachineFacts& seen = facts()) {
  const auto runtime = test::load(text);
  return runtime ? runtime->sense(seen, utc(2026, 3, 24, 14)) : Sensed();
}

TEST(SenseHooks, SeeWhatTheSensorsSee) {
  const auto sensed = sense(R"(worker.on('pause', function(machine, gpus)
  local first = gpus[1]
  local ok = machine.apps['maya.bin'] and not machine.apps.blender and machine.user_idle == 90
    and machine.locked == nil and machine.on_battery == false and machine.cpu == nil
    and machine.memory_free == worker.gib(8) and machine.now == 1774360800
    and #gpus == 2 and first.index == 0 and first.uuid == 'GPU-0' and first.name == 'Card'
    and first.total == worker.gib(20) and first.free == worker.gib(12) and first.ours == worker.gib(1)
    and first.temperature == 84 and first.busy == 0.5
    and #first.foreign == 2 and first.foreign[1].name == 'nuke' and first.foreign[1].vram == worker.gib(2)
    and first.foreign[2].vram == nil and gpus[2].foreign == nil
  if ok then return worker.pause 'all seen' end
end))");
  EXPECT_EQ(sensed.error, "");
  ASSERT_EQ(sensed.pauses.size(), 1U);
  EXPECT_EQ(sensed.pauses.front().title, "all seen");
  EXPECT_EQ(sensed.pauses.front().rule, "p.lua:12");
}

TEST(SenseHooks, APauseSaysActionReasonAndLine) {
  const auto sensed = sense(R"(worker.on('pause', function(machine)
  return worker.pause { action = 'suspend', reason = 'maya', release_vram = true }
end)
worker.on('pause', function() end)
worker.on('pause', function() return worker.pause { reason = 'two' } end))");
  ASSERT_EQ(sensed.pauses.size(), 2U);
  EXPECT_EQ(sensed.pauses[0].action, Action::kReturn) << "memory comes back only with the engine's end";
  EXPECT_TRUE(sensed.pauses[0].release_vram);
  EXPECT_EQ(sensed.pauses[0].rule, "p.lua:3");
  EXPECT_EQ(sensed.pauses[1].action, Action::kFinish);
}

TEST(SenseHooks, TheSmallestBoundOfACardCounts) {
  const auto sensed = sense(R"(worker.on('budget', function(gpu)
  if gpu.temperature > 83 then return gpu.total / 2, 'card is hot' end
end)
worker.on('budget', function(gpu) if gpu.index == 0 then return '12GiB' end end))");
  EXPECT_EQ(sensed.error, "");
  EXPECT_EQ(sensed.bounds, (std::vector<CardBound>{{0, 10 * kGiB, "card is hot", "p.lua:2"}}));
  pause::HookBound bound;
  EXPECT_TRUE(bound.update(sensed, *facts().gpus.value));
  EXPECT_EQ(bound.bytes(), 18 * kGiB) << "the other card has all its memory";
  EXPECT_FALSE(bound.update(sensed, *facts().gpus.value));
}

TEST(SenseHooks, ErrorsFallToTheSafeSide) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case pauses[] = {
      {"worker.on('pause', function(machine) return machine.user_idel end)",
       "p.lua:2: unknown fact 'user_idel', did you mean 'user_idle'?"},
      {"worker.on('pause', function(machine) machine.now = 1 end)",
       "p.lua:2: the machine's facts cannot be changed: 'now'"},
      {"worker.on('pause', function() return true end)",
       "p.lua:2: the hook returned a boolean; return worker.pause { ... } or nothing"},
      {"worker.on('pause', function() return worker.decline 'x' end)",
       "p.lua:2: the hook returned a verdict on an offer; return worker.pause { ... } or nothing"},
      {"worker.on('pause', function() worker.pause 'x' end)", "p.lua:2: worker.pause was called but not returned"},
      {"worker.on('pause', function() return worker.pause { action = 'stop', reason = 'x' } end)",
       "p.lua:2: worker.pause: action: unknown action 'stop'; known: finish, suspend, return"},
      {"worker.on('pause', function() return worker.pause {} end)",
       "p.lua:2: worker.pause: reason: is missing: it is shown to everybody who asks why"},
      {"worker.on('pause', function() while true do end end)", "p.lua:2: used up its instructions (an endless loop?)"},
  };
  for (const Case& each : pauses) {
    const auto sensed = sense(each.text);
    EXPECT_EQ(sensed.error, each.error) << each.text;
    ASSERT_EQ(sensed.pauses.size(), 1U) << each.text;
    EXPECT_EQ(sensed.pauses.front().title, "policy error");
    EXPECT_EQ(sensed.pauses.front().action, Action::kFinish);
  }
  const auto zero = sense("worker.on('pause', function(machine) return machine['now\\0'] end)").error;
  EXPECT_TRUE(zero.starts_with("p.lua:2: unknown fact 'now")) << zero;
  for (const char* value : {"0/0", "-1", "1e300", "{}", "'12 apples'", "true"}) {
    const auto sensed = sense("worker.on('budget', function(gpu) return " + std::string(value) + " end)");
    EXPECT_TRUE(sensed.bounds_failed) << value;
    EXPECT_TRUE(sensed.error.starts_with("p.lua:2: the hook returned a ")) << sensed.error;
  }
  EXPECT_EQ(load_error("worker.on('puase', function() end)"),
            "p.lua:2: worker.on: unknown event 'puase', did you mean 'pause'?");
  EXPECT_EQ(load_error("worker.pause 'now'"), "p.lua:2: worker.pause only works inside a hook");
}

TEST(SenseHooks, AfterAnErrorTheLastGoodBoundStaysAndAtMostHalfOfWhatIsFree) {
  const auto cards = *facts().gpus.value;
  pause::HookBound bound;
  const Sensed broken{.bounds_failed = true, .error = "p.lua:2: x"};
  bound.update(broken, cards);
  EXPECT_EQ(bound.bytes(), 10 * kGiB);
  EXPECT_EQ(bound.rule(), "policy error");
  bound.update({.bounds = {{0, 1 * kGiB, "", "p.lua:2"}}}, cards);
  EXPECT_EQ(bound.bytes(), 9 * kGiB);
  EXPECT_FALSE(bound.update(broken, cards));
  EXPECT_EQ(bound.rule(), "p.lua:2");
  EXPECT_TRUE(bound.update({}, cards));
  EXPECT_FALSE(bound.bytes());
}

TEST(SenseHooks, AStateThatALimitStoppedIsBuiltAnew) {
  const auto runtime = test::load(R"(worker.on('pause', function(machine)
  if machine.on_battery then while true do end end
  return worker.pause 'fine'
end))");
  auto seen = facts();
  seen.on_battery.value = true;
  EXPECT_NE(runtime->sense(seen, utc(2026, 3, 24)).error, "");
  const auto next = runtime->sense(facts(), utc(2026, 3, 24));
  EXPECT_EQ(next.error, "");
  EXPECT_EQ(next.pauses.front().title, "fine");
}

TEST(SenseHooks, FactsAndAnswersCrossTheChannelWhole) {
  std::string frame;
  host::encode_sense(frame, 7, facts(), utc(2026, 3, 24, 14));
  auto request = host::decode_request(frame);
  ASSERT_TRUE(request);
  const auto& sense_request = std::get<host::SenseRequest>(*request);
  EXPECT_EQ(sense_request.id, 7U);
  std::string again;
  host::encode_sense(again, 7, sense_request.facts, sense_request.now);
  EXPECT_EQ(again, frame);
  host::SenseReply reply{8,
                         {.pauses = {{"t", "p.lua:2", "why", Action::kReturn, true}},
                          .bounds = {{1, kGiB, "hot", "p.lua:3"}},
                          .bounds_failed = true,
                          .error = "e"}};
  host::encode(frame, reply);
  auto decoded = host::decode_reply(frame);
  ASSERT_TRUE(decoded);
  const auto& sensed = std::get<host::SenseReply>(*decoded).sensed;
  EXPECT_EQ(sensed.pauses, reply.sensed.pauses);
  EXPECT_EQ(sensed.bounds, reply.sensed.bounds);
  EXPECT_TRUE(sensed.bounds_failed);
  EXPECT_EQ(sensed.error, "e");
  frame += 'x';
  EXPECT_FALSE(host::decode_reply(frame));
}

}  // namespace
}  // namespace policy
