// Quotas, what hooks ask of the past, and offers that would not finish: with the past as values.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "job/usage.h"
#include "policy/inspect.h"
#include "policy/rules/rule_set.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

using namespace std::chrono_literals;
using rules::Zone;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Jobs as they were accepted, each with its engine time.
class Past final : public job::Usage {
 public:
  void done(std::string game, base::WallTime at, base::Duration ran = 1min) {
    jobs_.push_back({std::move(game), at, ran});
  }
  std::vector<job::GameUse> since(base::WallTime start, base::WallTime now) const override {
    std::vector<job::GameUse> uses;
    for (const Job& job : jobs_) {
      if (job.at >= start && job.at <= now) uses.push_back({job.game, {1, job.ran}});
    }
    return uses;
  }

 private:
  struct Job {
    std::string game;
    base::WallTime at;
    base::Duration ran;
  };
  std::vector<Job> jobs_;
};

class Quotas : public ::testing::Test {
 protected:
  job::Decision decide(PolicyRuntime& runtime, const char* game, base::WallTime when, bool explain = false) {
    auto facts = at(when);
    facts.usage = &past_;
    return runtime.decide(make_offer(game), facts, explain).decision;
  }
  std::string verdict(PolicyRuntime& runtime, const char* game, base::WallTime when) {
    const auto decision = decide(runtime, game, when);
    return decision.accepted ? "accepted" : decision.reason;
  }

  Past past_;
};

constexpr const char* kBerlin = "worker.zone 'Europe/Berlin'\nworker.window 'night' { from = '22:00', to = '07:00' }\n";

TEST_F(Quotas, ANightDoesNotResetItsQuotaAtMidnight) {
  auto opened = open_policy(STUDIO_SOURCE_DIR "/policies");
  ASSERT_TRUE(opened) << opened.error().message;
  PolicyRuntime& runtime = **opened;
  const auto evening = utc(2026, 3, 24, 22);  // 23:00 in Berlin
  past_.done("tide-runner", evening);
  past_.done("tide-runner", evening);
  EXPECT_EQ(verdict(runtime, "tide-runner", evening + 5min), "accepted");
  past_.done("tide-runner", evening);
  const auto late = decide(runtime, "tide-runner", evening + 2h, true);  // 01:00
  EXPECT_FALSE(late.accepted);
  EXPECT_EQ(late.code, job::RejectCode::kPaused);
  EXPECT_EQ(late.reason, "quota of 3 jobs per \"night\" used up");
  EXPECT_EQ(late.rule, "20-games.lua:3");
  std::vector<std::string> lines;
  for (const auto& line : late.trace) lines.push_back(std::string(to_string(line.vote)) + " " + line.text);
  EXPECT_THAT(lines, ::testing::Contains("decline quota of 3 jobs per \"night\" used up; "
                                         "next \"night\" starts wed 2026-03-25 22:00"));
  EXPECT_EQ(verdict(runtime, "ember-keep", evening + 2h), "accepted") << "another game goes on";
  EXPECT_EQ(verdict(runtime, "tide-runner", evening + 24h), "accepted");
}

TEST_F(Quotas, ADayIsOneOfTheZone) {
  auto runtime = load(std::string(kBerlin) + "worker.game '*' { quota = { jobs = 2, per = 'day' } }");
  past_.done("a", utc(2026, 3, 23, 22, 30));  // 23:30 of the 23rd
  past_.done("a", utc(2026, 3, 23, 23, 0));   // 00:00 of the 24th
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 23, 22, 59)), "accepted");
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 24, 12)), "accepted");
  past_.done("b", utc(2026, 3, 24, 12));
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 24, 22, 59)), "quota of 2 jobs per \"day\" used up");
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 24, 23)), "accepted");
}

TEST_F(Quotas, AWeekStartsOnMonday) {
  auto runtime = load(std::string(kBerlin) + "worker.game '*' { quota = { gpu_time = '1h30m', per = 'week' } }");
  past_.done("a", utc(2026, 3, 22, 22), 3h);  // Sunday 23:00
  past_.done("a", utc(2026, 3, 22, 23), 50min);
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 29, 21)), "accepted");
  past_.done("a", utc(2026, 3, 28, 12), 40min);
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 29, 21, 59)), "quota of 1h30m of GPU time per \"week\" used up")
      << "the last minute of a week of 167 hours";
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 29, 22)), "accepted");
}

TEST_F(Quotas, TheFirstOfTwoBoundsCloses) {
  auto runtime = load("worker.game '*' { quota = { jobs = 2, gpu_time = '10m', per = 'day' } }");
  const auto noon = utc(2026, 3, 24, 12);
  past_.done("a", noon - 1h, 11min);
  EXPECT_EQ(verdict(*runtime, "a", noon), "quota of 10m of GPU time per \"day\" used up");
  past_.done("a", noon - 1h, 0s);
  EXPECT_EQ(verdict(*runtime, "a", noon), "quota of 2 jobs per \"day\" used up");
}

TEST_F(Quotas, BelongToTheEntryAndNotToThePattern) {
  auto runtime = load("worker.game 'tide-runner' {}\nworker.game 'tide-*' { quota = { jobs = 2, per = 'day' } }");
  const auto noon = utc(2026, 3, 24, 12);
  past_.done("tide-runner", noon);
  past_.done("tide-pool", noon);
  EXPECT_EQ(verdict(*runtime, "tide-pool", noon), "accepted") << "tide-runner has an entry of its own";
  past_.done("tide-mark", noon);
  EXPECT_EQ(verdict(*runtime, "tide-pool", noon), "quota of 2 jobs per \"day\" used up");
  EXPECT_EQ(verdict(*runtime, "tide-runner", noon), "accepted");
}

TEST_F(Quotas, OutsideOfItsWindowAQuotaDoesNotBound) {
  auto runtime = load(std::string(kBerlin) + "worker.game '*' { quota = { jobs = 1, per = 'night' } }");
  past_.done("a", utc(2026, 3, 24, 1));
  EXPECT_EQ(verdict(*runtime, "a", utc(2026, 3, 24, 5, 59)), "quota of 1 job per \"night\" used up");
  const auto decision = decide(*runtime, "a", utc(2026, 3, 24, 6), true);
  EXPECT_TRUE(decision.accepted);
  EXPECT_EQ(decision.trace.back().text,
            "quota of 1 job per \"night\" does not count now; next \"night\" starts tue 2026-03-24 22:00");
}

TEST_F(Quotas, AnExplanationSaysHowFarItIsUsedOrThatNobodyKnows) {
  auto runtime = load("worker.game '*' { quota = { jobs = 3, gpu_time = '4h', per = 'day' } }");
  const auto noon = utc(2026, 3, 24, 12);
  past_.done("a", noon, 90s);
  EXPECT_EQ(decide(*runtime, "a", noon, true).trace.back().text,
            "quota: used 1 of 3 jobs and 1m30s of 4h of GPU time per \"day\"");
  const auto unknown = runtime->decide(make_offer("a"), at(noon), true).decision;
  EXPECT_TRUE(unknown.accepted);
  EXPECT_EQ(unknown.trace.back().text,
            "quota of 3 jobs and 4h of GPU time per \"day\": what is used is unknown outside of a running worker");
}

TEST_F(Quotas, HooksAskWhatWasUsed) {
  auto runtime = load(std::string(kBerlin) + R"(worker.on('offer', function(offer)
  local night = worker.used { game = 'tide-*', per = 'night' }
  local day = worker.used { game = 'tide-runner', per = 'day' }
  return worker.decline(night.jobs .. ' ' .. night.gpu_time .. ' ' .. day.jobs)
end))");
  past_.done("tide-pool", utc(2026, 3, 24, 22), 90s);
  past_.done("tide-runner", utc(2026, 3, 24, 22), 30s);
  past_.done("ember-keep", utc(2026, 3, 24, 22));
  EXPECT_EQ(verdict(*runtime, "x", utc(2026, 3, 25, 0)), "2 120 0");
  EXPECT_EQ(verdict(*runtime, "x", utc(2026, 3, 25, 12)), "0 0 0");
}

TEST_F(Quotas, AskingWronglyIsAnErrorAtTheLine) {
  const auto error = [&](const std::string& expression) {
    auto runtime = load_hook("local u = " + expression);
    auto facts = at(utc(2026, 3, 24));
    facts.usage = &past_;
    return runtime->decide(make_offer(), facts).error;
  };
  EXPECT_EQ(error("worker.used { game = 'a', per = 'wek' }"),
            "p.lua:3: worker.used: per: unknown period 'wek', did you mean 'week'?");
  EXPECT_THAT(error("worker.used { per = 'week' }"), HasSubstr("p.lua:3: worker.used: game: is missing"));
  EXPECT_THAT(error("worker.used { gam = 'a', per = 'week' }"), HasSubstr("did you mean 'game'?"));
  EXPECT_THAT(error("worker.used { game = 'a', per = 'week' }.job"), HasSubstr("did you mean 'jobs'?"));
  EXPECT_THAT(error("worker.used { game = 'a', per = 'week' }; u.jobs = 0"), HasSubstr("cannot be changed"));
}

TEST_F(Quotas, UnknownUsageIsZeroToAHookAndSaysSo) {
  auto runtime = load_hook("if worker.used { game = '*', per = 'day' }.jobs > 0 then return worker.decline 'x' end");
  const auto decision = runtime->decide(make_offer(), at(utc(2026, 3, 24)), true).decision;
  EXPECT_TRUE(decision.accepted);
  EXPECT_EQ(decision.trace.front().text,
            "note: worker.used: what is used is unknown outside of a running worker; taken as 0");
}

TEST(EstTime, IsAFactOfAnOffer) {
  auto runtime =
      load_hook("if offer.est_time and offer.est_time > worker.minutes(5) then return worker.decline 'long' end");
  auto facts = at(utc(2026, 3, 24));
  EXPECT_TRUE(runtime->decide(make_offer(), facts).decision.accepted);
  facts.est_time = 5min;
  EXPECT_TRUE(runtime->decide(make_offer(), facts).decision.accepted);
  facts.est_time = 5min + 1ms;
  EXPECT_EQ(runtime->decide(make_offer(), facts).decision.reason, "long");
}

TEST(EstTime, AnOfferThatWouldNotFinishIsDeclined) {
  auto runtime = load(std::string(kBerlin) + "worker.accept_during { 'night', finish_before_end = '10m' }");
  auto facts = at(utc(2026, 3, 24, 5, 30));  // 06:30: half an hour is left
  const auto verdict = [&](base::Duration est_time) {
    facts.est_time = est_time;
    const auto decision = runtime->decide(make_offer(), facts).decision;
    return decision.accepted ? "accepted" : decision.reason;
  };
  EXPECT_EQ(verdict(30min), "accepted");
  EXPECT_EQ(verdict(31min), "would not finish before the window ends");
  facts.now += 21min;
  EXPECT_EQ(verdict(1s), "would not finish before the window ends") << "the margin holds for every offer";
  EXPECT_EQ(runtime->decide(make_offer(), facts, true).decision.trace.front().text,
            "would not finish before the window ends (\"night\" ends tue 2026-03-24 07:00, it takes about 1s)");
}

TEST(Periods, OfOverlappingOccurrencesTheLastToStartCounts) {
  rules::Calendar calendar(Zone::utc());
  calendar.add({.name = "long", .days = 0b0000010, .from = 8h, .lasts = 50h});
  calendar.add({.name = "daily", .from = 8h, .lasts = 30h});
  const auto start = [&](const char* per, base::WallTime now) { return calendar.period(per, now).start; };
  EXPECT_EQ(start("long", utc(2026, 3, 25, 9)), utc(2026, 3, 23, 8));
  EXPECT_EQ(start("long", utc(2026, 3, 25, 10)), std::nullopt);
  EXPECT_EQ(calendar.period("long", utc(2026, 3, 25, 10)).next, utc(2026, 3, 30, 8));
  EXPECT_EQ(start("daily", utc(2026, 3, 25, 7, 59)), utc(2026, 3, 24, 8));
  EXPECT_EQ(start("daily", utc(2026, 3, 25, 8)), utc(2026, 3, 25, 8));
  EXPECT_EQ(start("daily", utc(2026, 3, 24, 9)), utc(2026, 3, 24, 8)) << "the clock was set back";
  EXPECT_THAT(calendar.period_starts(utc(2026, 3, 23, 9)), ElementsAre(utc(2026, 3, 23), utc(2026, 3, 23, 8)));
}

TEST(Periods, FollowTheClocksOfTheZone) {
  rules::Calendar calendar(*Zone::find("Europe/Berlin"));
  const auto day = [&](base::WallTime now) { return calendar.period("day", now); };
  const auto spring = day(utc(2026, 3, 29, 12));
  EXPECT_EQ(spring.start, utc(2026, 3, 28, 23));
  EXPECT_EQ(spring.next, utc(2026, 3, 29, 22));
  const auto autumn = day(utc(2026, 10, 25, 12));
  EXPECT_EQ(autumn.start, utc(2026, 10, 24, 22));
  EXPECT_EQ(autumn.next, utc(2026, 10, 25, 23));
  calendar.set_zone(*Zone::find("Africa/Cairo"));  // 24 April 2026 has no 00:00
  EXPECT_EQ(calendar.period("week", utc(2026, 4, 24, 12)).start, utc(2026, 4, 19, 22));
}

TEST(Periods, EveryMinuteHasADayAndAWeek) {
  for (const char* name : {"Africa/Cairo", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"}) {
    rules::Calendar calendar(*Zone::find(name));
    for (auto now = utc(2026, 1, 1); now < utc(2026, 12, 31); now += 37min) {
      for (const char* per : {"day", "week"}) {
        const auto period = calendar.period(per, now);
        const auto longest = std::string(per) == "day" ? 25h : 7 * 24h + 1h;
        ASSERT_TRUE(period.start && *period.start <= now && now < *period.next) << name;
        ASSERT_LE(*period.next - *period.start, longest) << name;
      }
    }
  }
}

}  // namespace
}  // namespace policy::test
