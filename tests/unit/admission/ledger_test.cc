#include "admission/ledger.h"

#include <gmock/gmock.h>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace admission {
namespace {

using base::JobId;
using base::kGiB;

Refusal refusal_of(std::variant<Lease, Refusal> answer) {
  EXPECT_TRUE(std::holds_alternative<Refusal>(answer)) << "it was admitted";
  auto* refusal = std::get_if<Refusal>(&answer);
  return refusal ? *refusal : Refusal{};
}

Lease lease_of(std::variant<Lease, Refusal> answer) {
  auto* refusal = std::get_if<Refusal>(&answer);
  EXPECT_EQ(refusal, nullptr) << refusal->reason;
  return refusal ? Lease{} : std::get<Lease>(std::move(answer));
}

base::Bytes gib(double amount) {
  return static_cast<base::Bytes>(amount * static_cast<double>(kGiB));
}

TEST(Ledger, AdmitsWhatFitsExactly) {
  Ledger ledger({.vram_threshold_gb = 3.51});
  const Lease lease = lease_of(ledger.reserve(JobId("a"), ledger.bound()));
  EXPECT_TRUE(lease);
  EXPECT_EQ(ledger.running(), 1U);
  EXPECT_EQ(ledger.promised(), ledger.bound());
}

TEST(Ledger, RefusesForGoodWhatNeverFits) {
  Ledger ledger({.vram_threshold_gb = 12});
  const auto refusal = refusal_of(ledger.reserve(JobId("a"), gib(21)));
  EXPECT_EQ(refusal.code, job::RejectCode::kNone);
  EXPECT_EQ(refusal.reason, "needs 21.00 GiB, this worker's bound is 12.00 GiB");
  EXPECT_EQ(refusal.rule, "config.toml: vram_threshold_gb");
}

TEST(Ledger, NamesTheMachineWhenItIsSmallerThanTheThreshold) {
  Ledger ledger({.vram_threshold_gb = 12, .vram_total = 8 * kGiB});
  const auto refusal = refusal_of(ledger.reserve(JobId("a"), gib(9)));
  EXPECT_EQ(refusal.code, job::RejectCode::kNone);
  EXPECT_EQ(refusal.reason, "needs 9.00 GiB, this worker's bound is 8.00 GiB");
  EXPECT_EQ(refusal.rule, "machine: total VRAM");
}

TEST(Ledger, RefusesForNowWhatDoesNotFitBesideTheRunningJobs) {
  Ledger ledger({.max_jobs = 4, .vram_threshold_gb = 12});
  const Lease running = lease_of(ledger.reserve(JobId("a"), gib(9.75)));
  const auto refusal = refusal_of(ledger.reserve(JobId("b"), gib(3.5)));
  EXPECT_EQ(refusal.code, job::RejectCode::kInsufficientMemory);
  EXPECT_EQ(refusal.reason, "insufficient device memory: needs 3.50 GiB, 2.25 GiB free of the 12.00 GiB bound");
  EXPECT_EQ(refusal.rule, "config.toml: vram_threshold_gb");
  EXPECT_EQ(ledger.running(), 1U);
}

TEST(Ledger, IsBusyBeforeItIsShortOfMemory) {
  Ledger ledger({.vram_threshold_gb = 12});
  const Lease running = lease_of(ledger.reserve(JobId("a"), gib(9)));
  const auto refusal = refusal_of(ledger.reserve(JobId("b"), gib(9)));
  EXPECT_EQ(refusal.code, job::RejectCode::kBusy);
  EXPECT_EQ(refusal.reason, "worker already has an in-flight job");
  EXPECT_EQ(refusal.rule, "config.toml: max_jobs");
}

TEST(Ledger, IsBusyForAJobThatAlreadyRuns) {
  Ledger ledger({.max_jobs = 4, .vram_threshold_gb = 12});
  const Lease running = lease_of(ledger.reserve(JobId("a"), gib(1)));
  EXPECT_EQ(refusal_of(ledger.reserve(JobId("a"), gib(1))).code, job::RejectCode::kBusy);
  EXPECT_EQ(ledger.promised(), gib(1));
}

TEST(Ledger, NeverPrintsANeedThatEqualsTheBound) {
  Ledger ledger({.vram_threshold_gb = 12});
  const auto refusal = refusal_of(ledger.reserve(JobId("a"), 12 * kGiB + 1));
  EXPECT_EQ(refusal.reason, "needs 12.01 GiB, this worker's bound is 12.00 GiB");
}

TEST(Ledger, SurvivesAbsurdFigures) {
  Ledger huge({.vram_threshold_gb = std::numeric_limits<double>::infinity()});
  EXPECT_EQ(refusal_of(huge.reserve(JobId("a"), UINT64_MAX)).code, job::RejectCode::kNone);
  for (const double threshold : {-1.0, 0.0, std::numeric_limits<double>::quiet_NaN()}) {
    Ledger none({.vram_threshold_gb = threshold});
    EXPECT_EQ(refusal_of(none.reserve(JobId("a"), 1)).code, job::RejectCode::kNone);
    EXPECT_TRUE(lease_of(none.reserve(JobId("b"), 0)));
  }
}

TEST(Ledger, GivesBackVramWhenTheLeaseDies) {
  Ledger ledger({.vram_threshold_gb = 12});
  {
    const Lease lease = lease_of(ledger.reserve(JobId("a"), gib(4)));
    EXPECT_EQ(ledger.promised(), gib(4));
  }
  EXPECT_EQ(ledger.promised(), 0U);
  EXPECT_EQ(ledger.running(), 0U);
}

TEST(Ledger, ReleasesOnceHoweverALeaseTravels) {
  static_assert(!std::is_copy_constructible_v<Lease> && !std::is_copy_assignable_v<Lease>);
  Ledger ledger({.max_jobs = 2, .vram_threshold_gb = 12});
  Lease first = lease_of(ledger.reserve(JobId("a"), gib(4)));
  Lease second = lease_of(ledger.reserve(JobId("b"), gib(2)));
  Lease moved = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): this is what is tested
  first.release();
  EXPECT_EQ(ledger.running(), 2U);
  moved = std::move(second);
  EXPECT_EQ(ledger.promised(), gib(2));
  moved.release();
  moved.release();
  EXPECT_EQ(ledger.promised(), 0U);
}

TEST(Ledger, KeepsItsPromisesWhenTheBoundSinks) {
  Ledger ledger({.max_jobs = 4, .vram_threshold_gb = 12});
  Lease running = lease_of(ledger.reserve(JobId("a"), gib(8)));
  ledger.set_threshold(6);
  EXPECT_EQ(ledger.promised(), gib(8));
  EXPECT_EQ(refusal_of(ledger.reserve(JobId("b"), gib(1))).reason,
            "insufficient device memory: needs 1.00 GiB, 0.00 GiB free of the 6.00 GiB bound");
  running.release();
  EXPECT_TRUE(lease_of(ledger.reserve(JobId("b"), gib(6))));
}

TEST(Ledger, P5_WhatOnlyALostCardForbidsMayBeOfferedAgain) {
  Ledger ledger({.max_jobs = 4, .vram_threshold_gb = 12, .vram_total = gib(10)});
  ledger.set_policy_bound(gib(6), "40-vram.lua:3");
  ledger.set_lost_cards(gib(4), "machine: GPU 1 is gone");
  EXPECT_EQ(ledger.bound(), gib(4));
  EXPECT_EQ(ledger.told_bound_gb(), 4);
  const auto refusal = refusal_of(ledger.reserve(JobId("a"), gib(5)));
  EXPECT_EQ(refusal.code, job::RejectCode::kInsufficientMemory);
  EXPECT_EQ(refusal.rule, "machine: GPU 1 is gone");
  EXPECT_EQ(refusal_of(ledger.reserve(JobId("a"), gib(11))).code, job::RejectCode::kNone) << "never fits here";
  EXPECT_TRUE(lease_of(ledger.reserve(JobId("b"), gib(4))));
  ledger.set_lost_cards(gib(7), "machine: GPU 1 is gone");
  EXPECT_EQ(refusal_of(ledger.reserve(JobId("a"), gib(8))).rule, "40-vram.lua:3");
  ledger.set_lost_cards(std::nullopt, {});
  EXPECT_EQ(ledger.bound(), gib(6));
}

TEST(Ledger, NeverLeaksAndNeverExceedsWhateverTheOrder) {
  std::mt19937 random(20);
  for (int round = 0; round < 50; ++round) {
    const std::size_t max_jobs = 1 + random() % 5;
    Ledger ledger({.max_jobs = max_jobs, .vram_threshold_gb = 12});
    std::vector<std::pair<Lease, base::Bytes>> leases;
    for (int step = 0; step < 400; ++step) {
      if (random() % 2 == 0) {
        const base::Bytes vram = random() % (15 * kGiB);
        auto answer = ledger.reserve(JobId(std::to_string(step)), vram);
        if (auto* lease = std::get_if<Lease>(&answer)) leases.emplace_back(std::move(*lease), vram);
      } else if (!leases.empty()) {
        std::swap(leases[random() % leases.size()], leases.back());
        leases.pop_back();
      }
      base::Bytes expected = 0;
      for (const auto& [lease, vram] : leases) expected += vram;
      ASSERT_EQ(ledger.promised(), expected);
      ASSERT_EQ(ledger.running(), leases.size());
      ASSERT_LE(ledger.promised(), ledger.bound());
      ASSERT_LE(ledger.running(), max_jobs);
    }
    leases.clear();
    ASSERT_EQ(ledger.promised(), 0U);
    ASSERT_EQ(ledger.running(), 0U);
  }
}

}  // namespace
}  // namespace admission
