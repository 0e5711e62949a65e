#include "policy/host/protocol.h"

#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace policy::host {
namespace {

Verdict full_verdict() {
  Verdict verdict;
  verdict.error = "a.lua:1: x";
  verdict.instructions = 7;
  verdict.decision.accepted = true;
  verdict.decision.plan.max_vram = base::kGiB;
  verdict.decision.plan.max_time = std::chrono::minutes(5);
  verdict.decision.code = job::RejectCode::kPaused;
  verdict.decision.reason = "why";
  verdict.decision.rule = "a.lua:3";
  verdict.decision.trace.push_back({job::Vote::kSkipped, "a.lua:4", "text"});
  return verdict;
}

TEST(HostProtocol, CarriesADecisionThereAndBack) {
  auto offer = test::make_offer();
  offer.facts.seconds = 2.5;
  std::string frame;
  encode_decide(frame, 42, true, offer, test::at(test::utc(2026, 3, 24)), {});
  const auto request = decode_request(frame);
  ASSERT_TRUE(request);
  const auto& decide = std::get<DecideRequest>(*request);
  EXPECT_EQ(decide.id, 42U);
  EXPECT_TRUE(decide.explain);
  EXPECT_EQ(decide.facts.now, test::utc(2026, 3, 24));
  EXPECT_EQ(decide.offer.game, offer.game);
  EXPECT_EQ(decide.offer.model, offer.model);
  EXPECT_EQ(decide.offer.source.engine, offer.source.engine);
  EXPECT_EQ(decide.offer.vram_gb, offer.vram_gb);
  EXPECT_EQ(decide.offer.facts.width, offer.facts.width);
  EXPECT_EQ(decide.offer.facts.steps, std::nullopt);
  EXPECT_EQ(decide.offer.facts.seconds, 2.5);

  encode(frame, DecideReply{42, full_verdict()});
  const auto reply = decode_reply(frame);
  ASSERT_TRUE(reply);
  const auto& answer = std::get<DecideReply>(*reply);
  const auto expected = full_verdict();
  EXPECT_EQ(answer.id, 42U);
  EXPECT_EQ(answer.verdict.error, expected.error);
  EXPECT_EQ(answer.verdict.instructions, 7U);
  EXPECT_TRUE(answer.verdict.decision.accepted);
  EXPECT_EQ(answer.verdict.decision.plan.max_vram, base::kGiB);
  EXPECT_EQ(answer.verdict.decision.plan.max_time, std::chrono::minutes(5));
  EXPECT_EQ(answer.verdict.decision.code, job::RejectCode::kPaused);
  EXPECT_EQ(answer.verdict.decision.reason, "why");
  EXPECT_EQ(answer.verdict.decision.rule, "a.lua:3");
  ASSERT_EQ(answer.verdict.decision.trace.size(), 1U);
  EXPECT_EQ(answer.verdict.decision.trace[0].vote, job::Vote::kSkipped);
  EXPECT_EQ(answer.verdict.decision.trace[0].text, "text");
}

TEST(HostProtocol, CarriesFiles) {
  const SourceFiles files = {{"a.lua", "return 1"}, {"b.lua", std::string("\0x", 2)}};
  std::string frame;
  encode_load(frame, files, {.memory = 5, .instructions = 6, .time = std::chrono::seconds(7)});
  const auto request = decode_request(frame);
  ASSERT_TRUE(request);
  const auto& load = std::get<LoadRequest>(*request);
  EXPECT_EQ(load.files, files);
  EXPECT_EQ(load.options.memory, 5U);
  EXPECT_EQ(load.options.instructions, 6U);
  EXPECT_EQ(load.options.time, std::chrono::seconds(7));
  encode_load_failure(frame, "broken");
  EXPECT_EQ(std::get<LoadReply>(*decode_reply(frame)).error, "broken");
}

/// Rules with everything that can be declared, as the child sends them.
std::string loaded_frame(bool has_offer_hooks) {
  const auto runtime = PolicyRuntime::load({{"a.lua", test::with_worker(R"(worker.zone 'Asia/Tokyo'
worker.window 'night' { days = 'mon-fri', from = '22:00', to = '07:00' }
worker.window 'span' { from = 'fri 20:00', lasts = '30h' }
worker.dates 'fair' { '2026-12-24 .. 2027-01-02', '2027-03-01' }
worker.accept_during { 'night', 'span', except = { 'fair' }, finish_before_end = '10m' }
worker.game 'a-*' { kinds = { 'image', 'llm' }, models = { 'm*' }, max_vram = '8GiB', max_time = '15m' }
worker.game 'b' { quota = { jobs = 3, gpu_time = '4h', per = 'span' } }
worker.game '*' { accept = false, reason = 'not here' }
worker.vram { during = 'night', keep_free = '2GiB', at_most = '40%', gpus = { 2, 0 } }
)")}});
  EXPECT_TRUE(runtime) << (runtime ? "" : runtime.error().message);
  std::string frame;
  PerEvent<bool> has_hooks;
  has_hooks[HookEvent::kOffer] = has_offer_hooks;
  if (runtime) encode_loaded(frame, (*runtime)->rules(), has_hooks);
  return frame;
}

TEST(HostProtocol, CarriesTheDeclaredRules) {
  auto reply = decode_reply(loaded_frame(true));
  ASSERT_TRUE(reply);
  auto& declared = std::get<LoadReply>(*reply).declared;
  EXPECT_TRUE(declared.has_hooks[HookEvent::kOffer]);
  EXPECT_EQ(declared.rules.calendar.zone().name(), "Asia/Tokyo");
  EXPECT_EQ(declared.rules.calendar.size(), 3U);
  EXPECT_EQ(declared.rules.zone_place->line, 2);
  ASSERT_EQ(declared.rules.games.size(), 3U);
  EXPECT_EQ(declared.rules.games[0].max_vram, 8 * base::kGiB);
  EXPECT_EQ(rules::to_text(declared.rules.games[1].quota.value()), "3 jobs and 4h of GPU time per \"span\"");
  EXPECT_EQ(declared.rules.games[2].reason, "not here");
  ASSERT_EQ(declared.rules.vram.size(), 1U);
  EXPECT_EQ(declared.rules.vram[0].at_most_percent, 40U);
  EXPECT_EQ(declared.rules.vram[0].gpus, (std::vector<std::uint32_t>{2, 0}));
  // Tuesday 23:00 and Thursday 24 December 23:00 in Tokyo.
  EXPECT_EQ(declared.rules.vote_opening(test::utc(2026, 3, 24, 14), false).vote, job::Vote::kPass);
  EXPECT_EQ(declared.rules.vote_opening(test::utc(2026, 12, 24, 14), false).vote, job::Vote::kDecline);
}

TEST(HostProtocol, RefusesRulesThatCannotBeMeant) {
  const std::string frame = loaded_frame(false);
  for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(decode_reply(frame.substr(0, size))) << size;
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = frame;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  EXPECT_TRUE(decode_reply(with("Asia/Tokyo", "Asia/Seoul")));
  EXPECT_FALSE(decode_reply(with("Asia/Tokyo", "Asia/Tokio")));
  EXPECT_FALSE(decode_reply(with("night", "nacht")));  // accept_during names it too
  const auto per = frame.rfind("span");
  EXPECT_TRUE(decode_reply(frame.substr(0, per) + "week" + frame.substr(per + 4)));
  EXPECT_FALSE(decode_reply(frame.substr(0, per) + "fair" + frame.substr(per + 4))) << "dates are no period";
  EXPECT_FALSE(decode_reply(frame + "x"));
}

TEST(HostProtocol, CarriesWhatHooksMayAskOfThePast) {
  const auto night = test::utc(2026, 3, 23, 21);
  const auto day = test::utc(2026, 3, 24);
  job::UsageTable usage;
  usage.add(night, {{"a", {3, std::chrono::minutes(4)}}, {"b", {1, {}}}});
  usage.add(day, {});
  auto facts = test::at(day + std::chrono::hours(3));
  facts.est_time = std::chrono::seconds(90);
  facts.cached = true;
  facts.download = 7;
  facts.usage = &usage;
  std::string frame;
  encode_decide(frame, 1, false, test::make_offer(), facts, usage.starts());
  for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(decode_request(frame.substr(0, size))) << size;
  const auto request = decode_request(frame);
  ASSERT_TRUE(request);
  const auto& told = std::get<DecideRequest>(*request).facts;
  EXPECT_EQ(told.est_time, std::chrono::seconds(90));
  EXPECT_EQ(told.cached, true);
  EXPECT_EQ(told.download, 7U);
  ASSERT_NE(told.usage, nullptr);
  const auto uses = told.usage->since(night, told.now);
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].game, "a");
  EXPECT_EQ(uses[0].used, (job::Used{3, std::chrono::minutes(4)}));
  EXPECT_TRUE(told.usage->since(day, told.now).empty());

  encode_decide(frame, 1, false, test::make_offer(), facts, {day, night});
  EXPECT_FALSE(decode_request(frame)) << "each period once, in order";
  usage.add(day + std::chrono::hours(1), {{"c", {1, -std::chrono::seconds(1)}}});
  encode_decide(frame, 1, false, test::make_offer(), facts, usage.starts());
  EXPECT_FALSE(decode_request(frame));
}

TEST(HostProtocol, RefusesEveryCutAndEveryExcess) {
  std::string frame;
  encode_decide(frame, 1, false, test::make_offer(), test::at(test::utc(2026, 3, 24)), {});
  for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(decode_request(frame.substr(0, size))) << size;
  EXPECT_FALSE(decode_request(frame + "x"));
  EXPECT_FALSE(decode_reply(frame));
  encode(frame, DecideReply{1, full_verdict()});
  for (std::size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(decode_reply(frame.substr(0, size))) << size;
  EXPECT_FALSE(decode_reply(frame + "x"));
  EXPECT_FALSE(decode_request(frame));
}

TEST(HostProtocol, RefusesANumberThatDoesNotFit) {
  auto offer = test::make_offer();
  offer.facts.max_tokens = 1;
  std::string frame;
  encode_decide(frame, 1, false, offer, test::at(test::utc(2026, 3, 24)), {});
  ASSERT_TRUE(decode_request(frame));
  frame[frame.size() - 4] = 1;  // its last field: one more bit than 32
  EXPECT_FALSE(decode_request(frame));
}

TEST(HostProtocol, SurvivesEveryFlippedByte) {
  std::string frame;
  encode(frame, DecideReply{1, full_verdict()});
  for (std::size_t i = 0; i < frame.size(); ++i) {
    auto damaged = frame;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xFF);
    const auto reply = decode_reply(damaged);
    if (!reply) continue;
    const auto* answer = std::get_if<DecideReply>(&*reply);
    ASSERT_NE(answer, nullptr);
    EXPECT_LE(answer->verdict.decision.trace.size(), 1U);
  }
}

}  // namespace
}  // namespace policy::host
