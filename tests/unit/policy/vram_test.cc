#include <gtest/gtest.h>

#include "policy/rules/rule_set.h"
#include "policy_fixture.h"

namespace policy {
namespace {

using base::kGiB;
using test::utc;

/// The shipped example.
rules::RuleSet example() {
  const auto runtime = PolicyRuntime::load({{"a.lua", test::with_worker(R"(worker.zone 'Europe/Berlin'
worker.window 'night' { from = '22:00', to = '07:00' }
worker.window 'office' { days = 'mon-fri', from = '09:00', to = '19:00' }
worker.vram { keep_free = '2GiB' }
worker.vram { during = 'office', keep_free = '12GiB', at_most = '40%' }
worker.vram { during = 'night', at_most = '90%' })")}});
  EXPECT_TRUE(runtime) << (runtime ? "" : runtime.error().message);
  return (*runtime)->rules();
}

std::vector<job::GpuFacts> card(base::Bytes gib) {
  return {{.index = 0, .total = gib * kGiB}};
}

TEST(Vram, TheSmallestBoundOfTheHourCounts) {
  auto rules = example();
  const auto night = rules.vram_bound(utc(2026, 3, 24, 22), card(20));
  EXPECT_EQ(night.bytes, 18 * kGiB);
  EXPECT_EQ(night.place.line, 5) << "90 % are 18 GiB too, and the first of equals is named";
  EXPECT_EQ(night.until, utc(2026, 3, 25, 6));
  const auto office = rules.vram_bound(utc(2026, 3, 24, 10), card(20));
  EXPECT_EQ(office.bytes, 8 * kGiB);
  EXPECT_EQ(office.place.line, 6);
  EXPECT_EQ(office.until, utc(2026, 3, 24, 18));
  EXPECT_EQ(rules.vram_bound(utc(2026, 3, 24, 19), card(20)).bytes, 18 * kGiB);
}

TEST(Vram, WithoutAKnownTotalOnlyASizeBounds) {
  auto rules = example();
  const std::vector<job::GpuFacts> unknown(1);
  EXPECT_FALSE(rules.vram_bound(utc(2026, 3, 24, 22), unknown).bytes);
  rules.vram.push_back({.at_most = 6 * kGiB});
  const auto bound = rules.vram_bound(utc(2026, 3, 24, 22), unknown);
  EXPECT_EQ(bound.bytes, 6 * kGiB);
  EXPECT_EQ(rules::RuleSet(rules::Zone::utc()).vram_bound({}, card(20)).until, base::WallTime::max());
}

TEST(Vram, MoreThanThereIsLeavesNothing) {
  EXPECT_EQ(rules::allowed({.keep_free = 30 * kGiB}, 20 * kGiB), 0U);
  EXPECT_EQ(rules::allowed({.at_most = 30 * kGiB}, 20 * kGiB), 30 * kGiB) << "the total is another bound";
}

TEST(Vram, ABoundOfSomeCardsLeavesTheOthersWhole) {
  const std::vector<job::GpuFacts> cards = {
      {.index = 0, .total = 20 * kGiB}, {.index = 1, .total = 12 * kGiB}, {.index = 2, .total = 8 * kGiB}};
  const auto of = [&cards](const rules::VramRule& rule) { return rules::allowed(rule, 40 * kGiB, cards); };
  EXPECT_EQ(of({.at_most = 6 * kGiB, .gpus = {0}}), 26 * kGiB);
  EXPECT_EQ(of({.at_most = 6 * kGiB, .gpus = {0, 1}}), 14 * kGiB) << "of both together";
  EXPECT_EQ(of({.at_most = 30 * kGiB, .gpus = {2}}), 40 * kGiB) << "more than it has";
  EXPECT_EQ(of({.keep_free = 2 * kGiB, .gpus = {1, 2}}), 38 * kGiB);
  EXPECT_EQ(of({.at_most_percent = 50, .gpus = {1}}), 34 * kGiB);
  EXPECT_EQ(of({.at_most = 0, .gpus = {0, 1, 2}}), 0U);
  EXPECT_EQ(of({.at_most = 6 * kGiB, .gpus = {7}}), std::nullopt) << "no such card is here";
}

TEST(Vram, ABoundOfSomeCardsNeedsToKnowTheOthers) {
  const std::vector<job::GpuFacts> cards = {{.index = 0}, {.index = 1, .total = 12 * kGiB}};
  EXPECT_EQ(rules::allowed({.at_most = 6 * kGiB, .gpus = {0}}, std::nullopt, cards), 18 * kGiB);
  EXPECT_EQ(rules::allowed({.keep_free = 6 * kGiB, .gpus = {0}}, std::nullopt, cards), std::nullopt);
  EXPECT_EQ(rules::allowed({.at_most = 6 * kGiB, .gpus = {1}}, std::nullopt, cards), std::nullopt);
  EXPECT_EQ(rules::allowed({.at_most = 6 * kGiB, .gpus = {0}}, std::nullopt, {}), std::nullopt);
}

TEST(Vram, ABoundOfSomeCardsIsOneOfThoseThatTheSmallestIsTakenOf) {
  const auto runtime = test::load(
      "worker.vram { at_most = '6GiB', gpus = { 0 } }\nworker.vram { keep_free = '4GiB' }\n"
      "worker.vram { at_most = '6GiB', gpus = 1 }");
  auto rules = runtime->rules();
  const std::vector<job::GpuFacts> cards = {{.index = 0, .total = 20 * kGiB}, {.index = 1, .total = 4 * kGiB}};
  const auto bound = rules.vram_bound(utc(2026, 3, 24, 22), cards);
  EXPECT_EQ(bound.bytes, 10 * kGiB);
  EXPECT_EQ(bound.place.line, 2);
}

TEST(Vram, WhatIsWrongIsNamed) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"worker.vram {}", "'at_most' is needed"},
      {"worker.vram { at_most = '0%' }", "is not a share"},
      {"worker.vram { at_most = '101%' }", "is not a share"},
      {"worker.vram { at_most = '12.5%' }", "is not a share"},
      {"worker.vram { at_most = 12 }", "at_most"},
      {"worker.vram { keep_free = '2' }", "GiB"},
      {"worker.vram { keepfree = '2GiB' }", "keep_free"},
      {"worker.vram { keep_free = '2GiB', during = 'nite' }", "nite"},
      {"worker.vram { keep_free = '2GiB', gpus = {} }", "gpus: must be a list of 1 to 1000 numbers"},
      {"worker.vram { keep_free = '2GiB', gpus = { -1 } }", "gpus: must be whole numbers from 0"},
      {"worker.vram { keep_free = '2GiB', gpus = 'all' }", "gpus: must be whole numbers from 0"},
      {"worker.vram { gpus = { 0 } }", "'at_most' is needed"},
  };
  for (const auto& [text, part] : table) {
    const std::string errors = test::load_error(text);
    EXPECT_NE(errors.find("p.lua:2: "), std::string::npos) << text << errors;
    EXPECT_NE(errors.find(part), std::string::npos) << text << errors;
  }
}

}  // namespace
}  // namespace policy
