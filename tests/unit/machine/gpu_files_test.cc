#include "machine/gpu_files.h"

#include <gmock/gmock.h>

#include "unit/machine/fake_machine.h"

namespace machine {
namespace {

using base::kGiB;
using base::kMiB;

TEST(VideoMemory, IsReadInEveryUnitThatDriversWrite) {
  EXPECT_EQ(parse_video_memory("8192 MB"), 8 * kGiB);
  EXPECT_EQ(parse_video_memory(" 8192 MiB "), 8 * kGiB);
  EXPECT_EQ(parse_video_memory("24 GB"), 24 * kGiB);
  EXPECT_EQ(parse_video_memory("1.5gib"), 1536 * kMiB);
  EXPECT_EQ(parse_video_memory("16384"), 16 * kGiB);
  EXPECT_EQ(parse_video_memory("16384 blocks"), 16 * kGiB);
}

TEST(VideoMemory, IsUnknownWhenItIsNoPositiveNumber) {
  for (const char* text : {"", "N/A", "0 MB", "-4 GB", "inf", "nan", "1e300 MB", "MB"}) {
    EXPECT_EQ(parse_video_memory(text), std::nullopt) << text;
  }
}

TEST(NvidiaFiles, TellNameAndMemoryInTheOrderOfTheBus) {
  FakeMachine machine;
  machine.add_nvidia("0000:41:00.0", "Model: \t\t NVIDIA B\nIRQ:   \t\t 55\nVideo Memory: \t 24576 MB\n");
  machine.add_nvidia("0000:01:00.0", "Model: \t\t NVIDIA A\nVideo Memory: \t 8 GB\nBus Type: \t PCIe\n");

  const auto cards = read_nvidia_files(machine.root());

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].bus, "0000:01:00.0");
  EXPECT_EQ(cards[0].name, "NVIDIA A");
  EXPECT_EQ(cards[0].total, 8 * kGiB);
  EXPECT_EQ(cards[1].name, "NVIDIA B");
  EXPECT_EQ(cards[1].total, 24 * kGiB);
}

TEST(NvidiaFiles, KeepACardWhoseDriverTellsNoMemory) {
  FakeMachine machine;
  machine.add_nvidia("0000:01:00.0", "Model: \t NVIDIA A\nGPU UUID: \t GPU-1\n");
  machine.add_nvidia("0000:02:00.0", "Model: \t NVIDIA B\nVideo Memory: \t ?? MB\n");

  const auto cards = read_nvidia_files(machine.root());

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].total, std::nullopt);
  EXPECT_EQ(cards[0].unreadable, "");
  EXPECT_EQ(cards[1].total, std::nullopt);
  EXPECT_EQ(cards[1].unreadable, "?? MB");
}

TEST(NvidiaFiles, AreNoneOnAMachineWithoutTheDriver) {
  FakeMachine machine;
  EXPECT_TRUE(read_nvidia_files(machine.root()).empty());
}

TEST(AmdFiles, TellTotalAndFree) {
  FakeMachine machine;
  machine.add_amd("card1", "17163091968\n", "1073741824\n");
  machine.write("sys/class/drm/card1/device/product_name", "Radeon Test\n");

  const auto cards = read_amd_files(machine.root());

  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards[0].index, 1U);
  EXPECT_EQ(cards[0].name, "Radeon Test");
  EXPECT_EQ(cards[0].total, 17163091968ULL);
  EXPECT_EQ(cards[0].free, 17163091968ULL - kGiB);
}

TEST(AmdFiles, AreSortedByNumberNotByText) {
  FakeMachine machine;
  machine.add_amd("card10", "10", "0");
  machine.add_amd("card2", "2", "0");

  const auto cards = read_amd_files(machine.root());

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].index, 2U);
  EXPECT_EQ(cards[1].index, 10U);
}

TEST(AmdFiles, LeaveOutConnectorsRenderNodesAndCardsWithoutMemoryOfTheirOwn) {
  FakeMachine machine;
  machine.add_amd("card0-DP-1", "1000", "0");
  machine.add_amd("renderD128", "1000", "0");
  machine.add_amd("card", "1000", "0");
  machine.add_amd("card0", "0\n", "0\n");
  machine.write("sys/class/drm/card3/device/vendor", "0x8086\n");

  EXPECT_TRUE(read_amd_files(machine.root()).empty());
}

TEST(AmdFiles, LeaveFreeUnknownWhenTheUsedFigureMakesNoSense) {
  FakeMachine machine;
  machine.add_amd("card0", "1000", "2000");
  machine.add_amd("card1", "1000", "many");
  machine.write("sys/class/drm/card0/device/vendor", "0x1002\n");
  machine.write("sys/class/drm/card0/device/device", "0x744c\n");

  const auto cards = read_amd_files(machine.root());

  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].total, 1000U);
  EXPECT_EQ(cards[0].free, std::nullopt);
  EXPECT_EQ(cards[0].name, "AMD GPU 1002:744c");
  EXPECT_EQ(cards[1].free, std::nullopt);
  EXPECT_EQ(cards[1].name, "AMD GPU ?:?");
}

}  // namespace
}  // namespace machine
