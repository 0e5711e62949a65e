#include "machine/nvml.h"

#include <gmock/gmock.h>

#include "unit/machine/fake_machine.h"

namespace machine {
namespace {

using base::kGiB;
using ::testing::HasSubstr;

std::vector<NvmlCard> cards_of(const char* library) {
  auto nvml = Nvml::open(library);
  if (!nvml) {
    ADD_FAILURE() << nvml.error().message;
    return {};
  }
  auto cards = nvml->cards();
  if (!cards) ADD_FAILURE() << cards.error().message;
  return std::move(cards).value_or(std::vector<NvmlCard>());
}

TEST(Nvml, TellsNameBusTotalAndFree) {
  FakeMachine machine;
  const auto cards = cards_of(FAKE_NVML_CURRENT);

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].index, 0U);
  EXPECT_EQ(cards[0].name, "Fake Card 0");
  EXPECT_EQ(cards[0].bus, "0000:0a:00.0");
  EXPECT_EQ(cards[0].total, 24 * kGiB);
  EXPECT_EQ(cards[0].free, 20 * kGiB);
  EXPECT_EQ(cards[1].index, 1U);
  EXPECT_EQ(cards[1].bus, "0000:0b:00.0");
  EXPECT_EQ(cards[1].free, 21 * kGiB);
}

TEST(Nvml, OfAnOldDriverTellsWhatItHas) {
  FakeMachine machine;
  const auto cards = cards_of(FAKE_NVML_OLD);

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].name, "");
  EXPECT_EQ(cards[0].bus, "");
  EXPECT_EQ(cards[0].total, 8 * kGiB);
  EXPECT_EQ(cards[1].free, 6 * kGiB);
}

TEST(Nvml, FallsBackToTheFirstMemoryCall) {
  FakeMachine machine;
  machine.nvml_fault("only first memory");
  const auto cards = cards_of(FAKE_NVML_CURRENT);

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].total, 8 * kGiB);
  EXPECT_EQ(cards[0].free, 5 * kGiB);
}

TEST(Nvml, LeavesUnknownWhatTheCardDoesNotSupport) {
  FakeMachine machine;
  machine.nvml_fault("no memory");
  const auto cards = cards_of(FAKE_NVML_CURRENT);

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].name, "Fake Card 0");
  EXPECT_EQ(cards[0].total, std::nullopt);
  EXPECT_EQ(cards[0].free, std::nullopt);
}

TEST(Nvml, P5_LeavesOutACardThatIsLost) {
  FakeMachine machine;
  machine.nvml_fault("first lost");
  const auto cards = cards_of(FAKE_NVML_CURRENT);

  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards[0].index, 1U);
}

TEST(Nvml, P5_SaysWhyItDoesNotStart) {
  FakeMachine machine;
  machine.nvml_fault("no driver");
  const auto nvml = Nvml::open(FAKE_NVML_CURRENT);

  ASSERT_FALSE(nvml);
  EXPECT_EQ(nvml.error().code, base::Code::kUnavailable);
  EXPECT_THAT(nvml.error().message, HasSubstr("cannot start: Driver Not Loaded (9)"));
}

TEST(Nvml, SaysWhyItCannotCount) {
  FakeMachine machine;
  auto nvml = Nvml::open(FAKE_NVML_CURRENT);
  ASSERT_TRUE(nvml) << nvml.error().message;
  machine.nvml_fault("count fails");

  const auto cards = nvml->cards();

  ASSERT_FALSE(cards);
  EXPECT_THAT(cards.error().message, HasSubstr("cannot count cards"));
}

TEST(Nvml, RefusesALibraryThatIsAnotherOrAbsent) {
  const auto other = Nvml::open(FAKE_NVML_NONE);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, base::Code::kUnavailable);

  const auto absent = Nvml::open("/nonexistent/libnvidia-ml.so.1");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, base::Code::kNotFound);
  EXPECT_THAT(absent.error().message, HasSubstr("/nonexistent/libnvidia-ml.so.1"));
}

TEST(Nvml, IsShutDownOnceAfterAMove) {
  FakeMachine machine;
  machine.watch_nvml();
  {
    auto opened = Nvml::open(FAKE_NVML_CURRENT);
    ASSERT_TRUE(opened) << opened.error().message;
    const Nvml moved = std::move(*opened);
  }
  EXPECT_EQ(machine.nvml_calls(), "init\nshutdown\n");
}

}  // namespace
}  // namespace machine
