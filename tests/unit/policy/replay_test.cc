#include "policy/records/replay.h"

#include "host_fixture.h"

namespace policy::test {
namespace {

using namespace records;

struct ReplayTest : ::testing::Test {
  /// Decides with the policy of then, and records it.
  void record(PolicyRuntime& then, const job::Offer& offer, base::WallTime when) {
    DecisionRecord one;
    one.offer = offer;
    one.facts.now = when;
    one.decision = then.decide(offer, one.facts).decision;
    const auto written = ring.append(&one, 1, when);
    ASSERT_TRUE(written) << written.error().message;
  }
  static job::Offer offer(std::string id, std::string game, double vram, job::Kind kind = job::Kind::kImage) {
    auto made = make_offer(std::move(game), kind);
    made.id = base::JobId(std::move(id));
    made.vram_gb = vram;
    return made;
  }

  base::TempDir root = *base::TempDir::create("replay");
  fs::path folder = root.path() / "decisions";
  Ring ring{folder};
  base::WallTime noon = utc(2026, 3, 25, 12);
};

TEST_F(ReplayTest, CountsWhatChangesByRule) {
  const auto then = load("worker.game 'ember-*' {}\nworker.game '*' { accept = false }");
  for (const char* id : {"a", "b"}) record(*then, offer(id, "ember-keep", 4), noon);
  record(*then, offer("c", "tide-runner", 4), noon);
  record(*then, offer("d", "tide-runner", 4, job::Kind::kLlm), noon + 1s);
  record(*then, offer("e", "other", 4), noon);
  const auto now = load(
      "worker.game 'ember-*' { max_vram = '2GiB' }\nworker.game 'tide-*' {}\n"
      "worker.game '*' { accept = false }\n"
      "worker.on('offer', function(offer) if offer.kind == 'llm' then error('no') end end)");
  const auto report = replay(*now, folder, noon);
  EXPECT_EQ(report.read.records, 5U);
  EXPECT_EQ(report.same, 1U);
  EXPECT_EQ(report.now_accepted, 1U);
  EXPECT_EQ(report.now_refused, 2U);
  EXPECT_EQ(report.errors, 1U);
  ASSERT_EQ(report.groups.size(), 3U);
  EXPECT_EQ(report.groups[0].change, "error");
  EXPECT_THAT(report.groups[0].error, StartsWith("p.lua:5: "));
  EXPECT_EQ(report.groups[0].witness.offer.id.str(), "d");
  EXPECT_EQ(report.groups[1].change, "now refused");
  EXPECT_EQ(report.groups[1].rule, "p.lua:2");
  EXPECT_EQ(report.groups[1].offers, 2U);
  EXPECT_EQ(report.groups[1].witness.offer.id.str(), "a");
  EXPECT_THAT(report.groups[1].now.reason, StartsWith("needs 4 GiB"));
  EXPECT_EQ(report.groups[2].change, "now accepted");
  EXPECT_EQ(report.groups[2].before, "p.lua:3");
  EXPECT_EQ(report.groups[2].rule, "p.lua:3");
  EXPECT_EQ(report.hash, replay(*now, folder, noon).hash);
  EXPECT_NE(report.hash, replay(*then, folder, noon).hash);
  EXPECT_EQ(replay(*now, folder, noon + 1s).read.records, 1U);
}

TEST_F(ReplayTest, QuotasCountWhatThePolicyWouldHaveAccepted) {
  const auto unbounded = load("worker.zone 'UTC'");
  const auto record_day = [&](base::WallTime day, int offers) {
    for (int i = 0; i < offers; ++i) {
      DecisionRecord one;
      one.offer = offer("job-" + base::format_utc(day) + std::to_string(i), i % 2 == 0 ? "a" : "b", 4);
      one.facts.now = day + std::chrono::minutes(i);
      one.facts.est_time = 10min;
      one.decision = unbounded->decide(one.offer, one.facts).decision;
      ASSERT_TRUE(ring.append(&one, 1, one.facts.now));
    }
  };
  record_day(noon, 10);
  record_day(noon + 24h, 10);
  const auto three = load("worker.zone 'UTC' worker.game 'a' { quota = { jobs = 3, per = 'day' } } worker.game '*' {}");
  EXPECT_EQ(replay(*three, folder, {}).now_refused, 4U) << "two of five each day";
  EXPECT_EQ(replay(*three, folder, noon + 24h + 5min).now_refused, 2U) << "what came before is counted too";
  EXPECT_EQ(replay(*three, folder, noon + 24h + 5min).read.records, 5U);
  const auto week = load("worker.zone 'UTC' worker.game '*' { quota = { gpu_time = '1h', per = 'week' } }");
  EXPECT_EQ(replay(*week, folder, {}).same, 6U);
  const auto hook = load(
      "worker.zone 'UTC' worker.on('offer', function()\n"
      "  if worker.used { game = '*', per = 'day' }.jobs >= 4 then return worker.decline 'enough' end\n"
      "end)");
  EXPECT_EQ(replay(*hook, folder, {}).same, 8U);
  EXPECT_EQ(replay_both(*three, *three, folder, {}).same, 20U);
  EXPECT_EQ(replay_both(*three, *unbounded, folder, {}).now_accepted, 4U);
}

TEST_F(ReplayTest, AJobThatIsOfferedAgainCountsOnce) {
  const auto unbounded = load("worker.zone 'UTC'");
  for (int i = 0; i < 3; ++i) record(*unbounded, offer("same", "a", 4), noon + std::chrono::minutes(i));
  record(*unbounded, offer("other", "a", 4), noon + 5min);
  const auto two = load("worker.zone 'UTC' worker.game 'a' { quota = { jobs = 2, per = 'day' } }");
  EXPECT_EQ(replay(*two, folder, {}).same, 4U);
}

TEST_F(ReplayTest, WhyNamesTheQuotaThatWouldHaveBeenEnough) {
  const auto policy = load("worker.zone 'UTC' worker.game 'a' { quota = { jobs = 2, per = 'day' } }");
  const auto unbounded = load("worker.zone 'UTC'");
  for (const char* id : {"1", "2"}) record(*unbounded, offer(id, "a", 4), noon);
  for (const char* id : {"3", "4"}) {
    DecisionRecord one;
    one.offer = offer(id, "a", 4);
    one.facts.now = noon + 1min;
    one.decision.reason = "quota of 2 jobs per \"day\" used up";
    one.decision.rule = "p.lua:2";
    ASSERT_TRUE(ring.append(&one, 1, one.facts.now));
  }
  const auto report = why(*policy, folder, noon);
  ASSERT_EQ(report.rules.size(), 1U);
  EXPECT_EQ(report.rules[0].pass_today, 0U);
  ASSERT_EQ(report.rules[0].remedies.size(), 1U);
  EXPECT_EQ(report.rules[0].remedies[0].change, "quota jobs");
  EXPECT_EQ(report.rules[0].remedies[0].most, "3");
  EXPECT_EQ(report.rules[0].remedies[0].offers, 2U);
}

TEST_F(ReplayTest, SumsTheWorkThatIsGainedAndLost) {
  const auto then = load("worker.game 'a' { accept = false }\nworker.game '*' {}");
  const auto now = load("worker.game 'b' { accept = false }\nworker.game '*' {}");
  const auto record_with = [&](const char* game, std::optional<base::Duration> time) {
    DecisionRecord one;
    one.offer = offer("1", game, 4);
    one.facts.now = noon;
    one.facts.est_time = time;
    one.decision = then->decide(one.offer, one.facts).decision;
    ASSERT_TRUE(ring.append(&one, 1, noon));
  };
  record_with("a", 60s);
  record_with("a", 30s);
  record_with("a", std::nullopt);
  record_with("b", 20s);
  const auto report = replay(*now, folder, noon);
  EXPECT_EQ(report.gained.time, 90s);
  EXPECT_EQ(report.gained.unknown, 1U);
  EXPECT_EQ(report.lost.time, 20s);
  EXPECT_EQ(report.lost.unknown, 0U);
}

TEST_F(ReplayTest, LeavesOutWhatAShadowDecided) {
  DecisionRecord one;
  one.offer = offer("1", "a", 4);
  one.facts.now = noon;
  one.mode = Mode::kShadow;
  ASSERT_TRUE(ring.append(&one, 1, noon));
  const auto policy = load("");
  EXPECT_EQ(replay(*policy, folder, noon).offers, 0U);
  EXPECT_EQ(replay(*policy, folder, noon).read.records, 0U);
  EXPECT_TRUE(newest(folder, 1).empty());
  std::size_t shadows = 0;
  for_each(
      folder, noon, [&](const DecisionRecord&) { return ++shadows > 0; }, Mode::kShadow);
  EXPECT_EQ(shadows, 1U);
}

TEST_F(ReplayTest, ComparesTwoPoliciesOnTheSameOffers) {
  const auto then = load("worker.game '*' { accept = false }");
  record(*then, offer("a", "ember-keep", 4), noon);
  const auto left = load("");
  const auto right = load("worker.game '*' { max_vram = '2GiB' }");
  EXPECT_EQ(replay_both(*left, *right, folder, {}).now_refused, 1U);
  EXPECT_EQ(replay_both(*left, *left, folder, {}).same, 1U);
}

TEST_F(ReplayTest, DecidesAtTheTimeOfTheOffer) {
  const auto then = load("worker.zone 'UTC'");
  for (const int hour : {11, 13}) record(*then, offer("x", "g", 1), utc(2026, 3, 25, hour));
  const auto now = load(
      "worker.zone 'UTC'\nworker.window 'morning' { from = '06:00', to = '12:00' }\n"
      "worker.accept_during { 'morning' }");
  const auto report = replay(*now, folder, {});
  EXPECT_EQ(report.same, 1U);
  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups[0].witness.facts.now, utc(2026, 3, 25, 13));
}

const Refusals* find(const WhyReport& report, const std::string& rule) {
  for (const auto& one : report.rules) {
    if (one.rule == rule) return &one;
  }
  return nullptr;
}

TEST_F(ReplayTest, NoSingleChangeHelpsOnAnExceptedDay) {
  const auto shut = load(
      "worker.window 'night' { from = '22:00', to = '07:00' }\n"
      "worker.dates 'today' { '2026-03-25' }\n"
      "worker.accept_during { 'night', except = { 'today' } }");
  EXPECT_EQ(single_change(*shut, offer("x", "g", 1), {.now = noon}), "") << "an earlier night would be excepted";
}

TEST_F(ReplayTest, WhyNamesTheSmallestChangeThatIsEnough) {
  const std::string text =
      "worker.zone 'UTC'\n"
      "worker.window 'day' { from = '09:00', to = '17:00' }\n"
      "worker.accept_during { 'day', finish_before_end = '10m' }\n"
      "worker.game 'ember' { max_vram = '4GiB' }\n"
      "worker.game 'tide' { kinds = { 'llm' }, max_vram = '4GiB' }\n"
      "worker.game 'shut' { accept = false }\n"
      "worker.game 'hook' {}\n"
      "worker.on('offer', function(offer) if offer.game == 'hook' then return worker.decline 'no' end end)";
  const auto policy = load(text);
  record(*policy, offer("1", "ember", 4.5), noon);
  record(*policy, offer("2", "ember", 6.0001), noon);
  record(*policy, offer("3", "tide", 2), noon);
  record(*policy, offer("4", "tide", 8), noon);
  record(*policy, offer("5", "shut", 1), noon);
  record(*policy, offer("6", "hook", 1), noon);
  record(*policy, offer("7", "ember", 1), noon);
  record(*policy, offer("8", "ember", 1), utc(2026, 3, 26, 8, 15));
  record(*policy, offer("9", "ember", 1), utc(2026, 3, 26, 16, 55));
  const auto report = why(*policy, folder, {});
  EXPECT_EQ(report.refused, 8U);
  const auto* ember = find(report, "p.lua:5");
  ASSERT_NE(ember, nullptr);
  ASSERT_EQ(ember->remedies.size(), 1U);
  EXPECT_EQ(ember->remedies[0].change, "max_vram");
  EXPECT_EQ(ember->remedies[0].least, "4608MiB");
  EXPECT_EQ(ember->remedies[0].most, "6145MiB") << "rounded up: it is enough";
  EXPECT_EQ(ember->remedies[0].offers, 2U);
  const auto* tide = find(report, "p.lua:6");
  ASSERT_NE(tide, nullptr);
  EXPECT_EQ(tide->by_several, 1U);
  ASSERT_EQ(tide->remedies.size(), 1U);
  EXPECT_EQ(tide->remedies[0].change, "kinds with 'image'");
  EXPECT_EQ(find(report, "p.lua:7")->remedies.at(0).change, "accept = true");
  EXPECT_EQ(find(report, "p.lua:9")->by_function, 1U);
  const auto* hours = find(report, "p.lua:4");
  ASSERT_NE(hours, nullptr);
  ASSERT_EQ(hours->remedies.size(), 2U);
  EXPECT_EQ(hours->remedies[0].change, "'day' opens earlier by");
  EXPECT_EQ(hours->remedies[0].most, "45m");
  EXPECT_EQ(hours->remedies[1].change, "finish_before_end of at most");
  EXPECT_EQ(hours->remedies[1].most, "300s");

  std::string mended = text;
  mended.replace(mended.find("'4GiB'"), 6, "'6145MiB'");
  const auto after = why(*load(mended), folder, {});
  EXPECT_EQ(find(after, "p.lua:5")->pass_today, 2U);
}

}  // namespace
}  // namespace policy::test
