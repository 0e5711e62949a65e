#include "machine/sensors.h"

#include <gmock/gmock.h>

#include "unit/machine/fake_machine.h"

namespace machine {
namespace {

using base::kGiB;

std::unique_ptr<Sensors> sensors_of(const FakeMachine& machine, const char* library = FAKE_NVML_CURRENT) {
  return make_sensors({.root = machine.root(), .nvml = library});
}

TEST(Sensors, P5_FindNothingOnAMachineWithoutCards) {
  FakeMachine machine;
  EXPECT_TRUE(sensors_of(machine)->probe_gpus().empty());
}

TEST(Sensors, DoNotLoadNvmlWithoutTheDriversDevice) {
  FakeMachine machine;
  machine.watch_nvml();
  machine.add_nvidia("0000:0a:00.0", "Model: \t NVIDIA A\nVideo Memory: \t 8192 MB\n");

  const auto cards = sensors_of(machine)->probe_gpus();

  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards[0].total, 8 * kGiB);
  EXPECT_EQ(cards[0].free, std::nullopt);
  EXPECT_EQ(machine.nvml_calls(), "");
}

TEST(Sensors, TakeTotalAndFreeFromNvml) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  machine.add_amd("card0", "1000", "0");

  const auto cards = sensors_of(machine)->probe_gpus();

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[1].index, 1U);
  EXPECT_EQ(cards[1].name, "Fake Card 1");
  EXPECT_EQ(cards[1].total, 24 * kGiB);
  EXPECT_EQ(cards[1].free, 21 * kGiB);
}

TEST(Sensors, FillWhatNvmlDoesNotTellFromTheFileOfTheSameCard) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  machine.nvml_fault("no memory");
  machine.add_nvidia("0000:0b:00.0", "Model: \t NVIDIA B\nVideo Memory: \t 12 GB\n");

  const auto cards = sensors_of(machine)->probe_gpus();

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].total, std::nullopt);
  EXPECT_EQ(cards[1].total, 12 * kGiB);
  EXPECT_EQ(cards[1].free, std::nullopt);
}

TEST(Sensors, ListOnlyTheCardsThatNvmlLetsThisProcessUse) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  machine.nvml_fault("first lost");
  machine.add_nvidia("0000:0a:00.0", "Model: \t NVIDIA A\nVideo Memory: \t 8 GB\n");
  machine.add_nvidia("0000:0b:00.0", "Model: \t NVIDIA B\nVideo Memory: \t 8 GB\n");

  const auto cards = sensors_of(machine)->probe_gpus();

  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards[0].name, "Fake Card 1");
}

TEST(Sensors, FallBackToTheFilesWhenNvmlIsNotThere) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  machine.add_nvidia("0000:0a:00.0", "Model: \t NVIDIA A\nVideo Memory: \t 8 GB\n");

  const auto cards = sensors_of(machine, "/nonexistent/libnvidia-ml.so.1")->probe_gpus();

  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards[0].name, "NVIDIA A");
  EXPECT_EQ(cards[0].total, 8 * kGiB);
}

TEST(Sensors, CountAmdCardsWhenNoNvidiaCardTellsItsSize) {
  FakeMachine machine;
  machine.add_nvidia("0000:0a:00.0", "Model: \t NVIDIA A\n");
  machine.add_amd("card1", "1000", "400");

  const auto cards = sensors_of(machine)->probe_gpus();

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].total, std::nullopt);
  EXPECT_EQ(cards[1].index, 1U);
  EXPECT_EQ(cards[1].total, 1000U);
  EXPECT_EQ(cards[1].free, 600U);
}

TEST(Sensors, LeaveAmdCardsOutBesideAnNvidiaCardWithAKnownSize) {
  FakeMachine machine;
  machine.add_nvidia("0000:0a:00.0", "Model: \t NVIDIA A\nVideo Memory: \t 8 GB\n");
  machine.add_amd("card1", "1000", "400");

  const auto cards = sensors_of(machine)->probe_gpus();

  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards[0].name, "NVIDIA A");
}

TEST(Sensors, KeepNvmlOpenBetweenProbes) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  machine.watch_nvml();
  const auto sensors = sensors_of(machine);

  sensors->probe_gpus();
  sensors->probe_gpus();

  EXPECT_EQ(machine.nvml_calls(), "init\ncount\ncount\n");
}

TEST(Sensors, P5_OpenNvmlAgainAfterItFailed) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  const auto sensors = sensors_of(machine);
  ASSERT_EQ(sensors->probe_gpus().size(), 2U);

  machine.nvml_fault("count fails");
  EXPECT_TRUE(sensors->probe_gpus().empty());
  machine.nvml_fault("");
  EXPECT_EQ(sensors->probe_gpus().size(), 2U);
}

TEST(Sensors, SayOnceWhatCannotBeRead) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  machine.add_nvidia("0000:0a:00.0", "Model: \t NVIDIA A\nVideo Memory: \t ?? MB\n");
  const auto sensors = sensors_of(machine, "/nonexistent/libnvidia-ml.so.1");

  ::testing::internal::CaptureStderr();
  sensors->probe_gpus();
  const std::string first = ::testing::internal::GetCapturedStderr();
  ::testing::internal::CaptureStderr();
  sensors->probe_gpus();
  const std::string second = ::testing::internal::GetCapturedStderr();

  EXPECT_THAT(first, ::testing::HasSubstr("cannot load NVML"));
  EXPECT_THAT(first, ::testing::HasSubstr("?? MB"));
  EXPECT_EQ(second, "");
}

TEST(Sensors, P5_FindNvmlThatComesLater) {
  FakeMachine machine;
  const auto sensors = sensors_of(machine);
  ASSERT_TRUE(sensors->probe_gpus().empty());

  machine.write("dev/nvidiactl", "");

  EXPECT_EQ(sensors->probe_gpus().size(), 2U);
}

TEST(Sensors, ReadThisMachineWithoutFailing) {
  const auto sensors = make_sensors();
  for (const job::GpuFacts& card : sensors->probe_gpus()) {
    EXPECT_FALSE(card.name.empty());
    if (card.free) {
      ASSERT_TRUE(card.total);
      EXPECT_LE(*card.free, *card.total);
    }
  }
}

}  // namespace
}  // namespace machine
