#include "job/offer.h"

#include <gmock/gmock.h>
#include <limits>

namespace job {
namespace {

Offer with_task(std::string task) {
  Offer offer;
  offer.task = std::move(task);
  return offer;
}

Offer with_vram(double gib) {
  Offer offer;
  offer.vram_gb = gib;
  return offer;
}

TEST(TaskHash, IsThirtyTwoHexCharactersOfTheTaskAlone) {
  const std::string hash = task_hash(with_task(R"({"prompt":"a lantern"})"));
  EXPECT_EQ(hash.size(), 32U);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
  Offer same = with_task(R"({"prompt":"a lantern"})");
  same.id = base::JobId("another");
  EXPECT_EQ(task_hash(same), hash);
  EXPECT_NE(task_hash(with_task(R"({"prompt":"a lanterm"})")), hash);
}

TEST(TaskHash, IsTheSameInEveryRelease) {
  // XXH3 with 128 bits: the journal of an older program must still be understood.
  EXPECT_EQ(task_hash(with_task("")), "99aa06d3014798d86001c324468d497f");
}

TEST(VramBytes, RoundsUpToWholeBytes) {
  EXPECT_EQ(vram_bytes(with_vram(0)), 0U);
  EXPECT_EQ(vram_bytes(with_vram(1.5)), base::kGiB + base::kGiB / 2);
  EXPECT_EQ(vram_bytes(with_vram(1e-12)), 1U);
}

TEST(VramBytes, AnAbsurdEstimateIsAnAbsurdNeedAndNothingWorse) {
  EXPECT_EQ(vram_bytes(with_vram(-3)), 0U);
  EXPECT_EQ(vram_bytes(with_vram(std::numeric_limits<double>::quiet_NaN())), 0U);
  EXPECT_GT(vram_bytes(with_vram(1e300)), 1000000 * base::kGiB);
  EXPECT_GT(vram_bytes(with_vram(std::numeric_limits<double>::infinity())), 1000000 * base::kGiB);
}

}  // namespace
}  // namespace job
