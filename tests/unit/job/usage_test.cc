#include "job/usage.h"

#include <gtest/gtest.h>
#include <limits>

namespace job {
namespace {

using namespace std::chrono_literals;

Offer image(std::uint32_t width, std::uint32_t height, std::uint32_t steps) {
  Offer offer;
  offer.facts.width = width;
  offer.facts.height = height;
  offer.facts.steps = steps;
  return offer;
}

TEST(SizeClass, GrowsByTwoWhereTheWorkDoubles) {
  const auto base = size_class(image(1024, 1024, 20));
  EXPECT_EQ(size_class(image(1040, 1024, 20)), base);
  EXPECT_EQ(size_class(image(1024, 1024, 40)), base + 2);
  EXPECT_EQ(size_class(image(2048, 2048, 20)), base + 4);
  EXPECT_LT(size_class(image(512, 512, 20)), base);
}

TEST(SizeClass, AsksForTheFactsOfTheKind) {
  Offer offer = image(512, 512, 8);
  for (const Kind kind : {Kind::kLlm, Kind::kAudioStt, Kind::kAudioTts}) {
    offer.kind = kind;
    EXPECT_LE(size_class(offer), 8U) << to_string(kind);
  }
  offer.kind = Kind::kLlm;
  offer.facts.chars = 100;
  const auto read = size_class(offer);
  offer.facts.max_tokens = 1000;
  EXPECT_GT(size_class(offer), read);
  offer.kind = Kind::kVideo;
  const auto one_second = size_class(offer);
  offer.facts.seconds = 4;
  EXPECT_EQ(size_class(offer), one_second + 4);
  offer.kind = Kind::kAudioStt;
  EXPECT_EQ(size_class(offer), 4U);
}

TEST(SizeClass, NonsenseHasAClassToo) {
  Offer offer;
  offer.kind = Kind::kAudioStt;
  for (const double seconds : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0,
                               0.0, std::numeric_limits<double>::max()}) {
    offer.facts.seconds = seconds;
    EXPECT_LT(size_class(offer), 3000U) << seconds;
  }
}

TEST(Used, TimesStayWithinTheirBound) {
  Used used{.jobs = 1, .gpu_time = 1h};
  used.add({.jobs = 2, .gpu_time = base::Duration::max()});
  used.add({.gpu_time = -5s});
  EXPECT_EQ(used, (Used{.jobs = 3, .gpu_time = kMostUsedTime}));
}

}  // namespace
}  // namespace job
