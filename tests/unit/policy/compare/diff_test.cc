#include "policy/compare/diff.h"

#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace policy::test {
namespace {

using compare::Difference;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const base::WallTime kToday = utc(2026, 3, 20, 9);  // a friday

std::vector<Difference> between(std::string_view before, std::string_view after) {
  const auto left = load(before);
  const auto right = load(after);
  if (!left || !right) return {};
  return compare::diff(*left, *right, kToday).differences;
}

TEST(DiffTest, HoursAreNamedByWhatRecurs) {
  const std::string zone = "worker.zone 'Europe/Berlin'\n";
  const auto found =
      between(zone + "worker.window 'night' { from = '22:00', to = '07:00' }\nworker.accept_during { 'night' }",
              zone + "worker.window 'night' { from = '22:00', to = '06:59' }\nworker.accept_during { 'night' }");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].about, "hours");
  EXPECT_EQ(found[0].text, "closed now: every day 06:59-07:00, 371 times, the first fri 2026-03-20 06:59");
  EXPECT_EQ(found[0].witness, "fri 2026-03-20 06:59 Europe/Berlin: open -> closed");
  EXPECT_EQ(found[0].before, "p.lua:4");
}

TEST(DiffTest, OneDayIsNamedAlone) {
  const std::string rest =
      "worker.window 'day' { from = '08:00', to = '18:00' }\nworker.accept_during { 'day', except = { 'off' } }";
  const auto found = between("worker.zone 'UTC'\nworker.dates 'off' { '2026-05-01' }\n" + rest,
                             "worker.zone 'UTC'\nworker.dates 'off' { '2026-05-01', '2026-05-02' }\n" + rest);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "closed now: sat 2026-05-02 08:00 - 18:00");
}

TEST(DiffTest, EachRowHasACaseOfItsOwn) {
  const std::string rest = "worker.accept_during { 'night', 'noon' }";
  const auto found = between(
      "worker.zone 'UTC'\nworker.window 'night' { from = '22:00', to = '07:00' }\n"
      "worker.window 'noon' { from = '12:00', to = '13:00' }\n" +
          rest,
      "worker.zone 'UTC'\nworker.window 'night' { from = '21:00', to = '07:00' }\n"
      "worker.window 'noon' { from = '12:00', to = '14:00' }\n" +
          rest);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found[0].text, HasSubstr("13:00-14:00"));
  EXPECT_THAT(found[0].witness, HasSubstr("13:00 UTC: closed -> open"));
  EXPECT_THAT(found[1].text, HasSubstr("21:00-22:00"));
  EXPECT_THAT(found[1].witness, HasSubstr("21:00 UTC: closed -> open"));
}

TEST(DiffTest, AZoneAloneIsADifferenceOfHours) {
  const std::string rest = "worker.window 'day' { from = '08:00', to = '18:00' }\nworker.accept_during { 'day' }";
  EXPECT_EQ(between("worker.zone 'Europe/Berlin'\n" + rest, "worker.zone 'Europe/Vienna'\n" + rest).size(), 0U);
  EXPECT_NE(between("worker.zone 'Europe/Berlin'\n" + rest, "worker.zone 'Europe/London'\n" + rest).size(), 0U);
}

TEST(DiffTest, AGameHasTheSmallestOfferAsWitness) {
  const auto found = between("worker.game 'tide-*' { max_vram = '10GiB' }\nworker.game '*' {}",
                             "worker.game 'tide-*' { max_vram = '11GiB' }\nworker.game '*' {}");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "game \"tide-*\" accepted now: max_vram 10 GiB -> 11 GiB");
  EXPECT_THAT(found[0].witness, StartsWith("game \"tide-\", image, model \"a\", 10737418241 bytes: declined \"needs"));
  EXPECT_THAT(found[0].witness, HasSubstr(" -> accepted"));
}

TEST(DiffTest, TheOrderOfOverlappingEntriesMatters) {
  const auto found = between("worker.game 'a*' { accept = false }\nworker.game '*b' {}",
                             "worker.game '*b' {}\nworker.game 'a*' { accept = false }");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].witness, HasSubstr("game \"ab\""));
}

TEST(DiffTest, EntriesThatSplitAQuotaAreADifference) {
  const auto found = between("worker.game 'a-*' { quota = { jobs = 3, per = 'day' } }",
                             "worker.game 'a-x' { quota = { jobs = 3, per = 'day' } }\n"
                             "worker.game 'a-*' { quota = { jobs = 3, per = 'day' } }");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].text, HasSubstr("no longer share one quota"));
}

TEST(DiffTest, MemoryShowsACardOnWhichItMatters) {
  const auto found = between("worker.vram { keep_free = '2GiB' }\nworker.vram { at_most = '90%' }",
                             "worker.vram { keep_free = '3GiB' }\nworker.vram { at_most = '90%' }");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "always: keep_free 2 GiB, at_most 90 % -> keep_free 3 GiB, at_most 90 %");
  EXPECT_THAT(found[0].witness, HasSubstr("a card of 24 GiB: "));
  EXPECT_EQ(between("worker.vram { keep_free = '2GiB' }\nworker.vram { keep_free = '1GiB' }",
                    "worker.vram { keep_free = '2GiB' }")
                .size(),
            0U)
      << "the weaker bound never counts";
}

TEST(DiffTest, PausesAreComparedByTitle) {
  const auto found = between("worker.pause_when 'artist' { apps = { 'maya*', 'blender*' }, resume_after = '5m' }",
                             "worker.pause_when 'cold' { hotter_than = '80C' }\n"
                             "worker.pause_when 'artist' { apps = { 'Blender*', 'maya*' }, resume_after = '6m' }");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].text, "\"artist\": resume_after 5m -> 6m");
  EXPECT_EQ(found[1].text, "\"cold\" is new");
}

TEST(DiffTest, LogsAreComparedByWhereRecordsGo) {
  const auto found = between("worker.log_to 'none' { about = 'http' }\nworker.log_to 'console' { level = 'warn' }",
                             "worker.log_to 'console' { level = 'warn' }\nworker.log_to 'none' { about = 'http' }");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "some records go elsewhere: nowhere -> console");
  EXPECT_THAT(found[0].witness, HasSubstr("warn of http"));
  EXPECT_EQ(between("worker.log_to 'console' { level = 'warn' }\nworker.log_to 'studio' { level = 'warn' }",
                    "worker.log_to 'studio' { level = 'warn' }\nworker.log_to 'console' { level = 'warn' }")
                .size(),
            0U);
}

TEST(DiffTest, AFunctionIsWhatItReaches) {
  const auto hook = [](const std::string& limit, const std::string& body) {
    return "local limits = { vram = " + limit + " }\nlocal function large(offer) " + body +
           " end\nworker.on('offer', function(offer) if large(offer) then return worker.decline 'x' end end)";
  };
  const std::string body = "return offer.vram > limits.vram";
  EXPECT_EQ(between(hook("1", body), hook(" 1 --[[ one ]]", "return  offer . vram > limits.vram")).size(), 0U);
  const auto value = between(hook("1", body), hook("2", body));
  ASSERT_EQ(value.size(), 1U) << "a value that the function reads through another one";
  EXPECT_EQ(value[0].about, "functions");
  EXPECT_EQ(value[0].text, "a function of 'offer' is another one");
  EXPECT_EQ(value[0].before, "p.lua:4");
  EXPECT_EQ(between(hook("1", body), hook("1", "return offer.vram >= limits.vram")).size(), 1U);
}

TEST(DiffTest, OnlyLogFunctionsHaveAnOrder) {
  const auto two = [](const std::string& event, const std::string& first, const std::string& second) {
    return "worker.on('" + event + "', function() return nil, " + first + " end)\nworker.on('" + event +
           "', function() return nil, " + second + " end)";
  };
  EXPECT_EQ(between(two("offer", "1", "2"), two("offer", "2", "1")).size(), 0U);
  EXPECT_EQ(between(two("log", "1", "2"), two("log", "2", "1")).size(), 2U);
  EXPECT_EQ(between(two("log", "1", "2"), two("log", "1", "3")).size(), 1U);
}

TEST(DiffTest, AFunctionThatCallsItselfComesToAnEnd) {
  const std::string text =
      "local t = {}\nt.self = t\nfunction t.f(n) return n > 0 and t.f(n - 1) or t end\n"
      "worker.on('offer', function(offer) return nil, t.f(2) end)";
  EXPECT_EQ(between(text, "\n" + text).size(), 0U);
}

TEST(DiffTest, WindowsThatOnlyFunctionsAskForCount) {
  const auto text = [](const std::string& to) {
    return "worker.window 'night' { from = '22:00', to = '" + to +
           "' }\nworker.on('offer', function(offer) if worker.in_window 'night' then return worker.accept() end end)";
  };
  const auto found = between(text("07:00"), text("07:01"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "functions that ask for \"night\" hear of other times");
}

}  // namespace
}  // namespace policy::test
