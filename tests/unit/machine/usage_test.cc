// Who and what uses this machine: programs, people, power, the cards' processes.
#include <gmock/gmock.h>
#include <thread>
#include <unistd.h>

#include "machine/sensors.h"
#include "machine/usage/apps.h"
#include "machine/usage/load.h"
#include "machine/usage/power.h"
#include "machine/usage/presence.h"
#include "unit/machine/fake_machine.h"

namespace machine {
namespace {

using base::kGiB;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

job::SensorSet only(job::Sensor sensor) {
  job::SensorSet set;
  set.add(sensor);
  return set;
}

TEST(Apps, AreNamedByTheirLinkAndByTheirFirstArgument) {
  FakeMachine machine;
  machine.add_process(10, 1, "/opt/maya/bin/maya.bin (deleted)", "/opt/maya/bin/maya.bin");
  machine.add_process(11, 1, "/usr/bin/wine64-preloader", "C:\\Epic\\UnrealEditor.exe");
  machine.add_process(12, 2, "", "");
  machine.write("proc/self/stat", "no number");
  AppList apps(machine.root() / "proc");
  EXPECT_THAT(*apps.read(), ElementsAre("UnrealEditor.exe", "maya.bin", "wine64-preloader"));
}

TEST(Apps, FollowStartsEndsAndChangesOfProgram) {
  FakeMachine machine;
  machine.add_process(10, 1, "/bin/sh", "sh");
  AppList apps(machine.root() / "proc");
  EXPECT_THAT(*apps.read(), ElementsAre("sh"));
  machine.write("proc/10/stat", "10 (maya) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1010 0 0");
  machine.write("proc/10/cmdline", "maya");
  EXPECT_THAT(*apps.read(), ElementsAre("maya", "sh")) << "the link is the old one still";
  machine.remove_process(10);
  EXPECT_THAT(*apps.read(), IsEmpty());
}

TEST(Apps, LeaveOutThisProcessAndItsChildren) {
  FakeMachine machine;
  machine.add_process(::getpid(), 1, "/usr/bin/studio-worker", "studio-worker");
  machine.add_process(4000000, ::getpid(), "/usr/bin/engine", "engine");
  machine.add_process(4000001, 4000000, "/usr/bin/encoder", "encoder");
  machine.add_process(4000002, 1, "/usr/bin/blender", "blender");
  AppList apps(machine.root() / "proc");
  EXPECT_THAT(*apps.read(), ElementsAre("blender"));
}

TEST(Apps, OfThisMachineHoldWhoStartedUs) {
  AppList apps("/proc");
  const auto names = apps.read();
  ASSERT_TRUE(names);
  EXPECT_THAT(*names, Not(IsEmpty()));
  EXPECT_FALSE(AppList("/nowhere").read());
}

TEST(Power, AMachineWithoutABatteryRunsOnMains) {
  FakeMachine machine;
  EXPECT_EQ(read_on_battery(machine.root()).value, false);
  machine.write("sys/class/power_supply/mouse/type", "Battery\n");
  machine.write("sys/class/power_supply/mouse/scope", "Device\n");
  machine.write("sys/class/power_supply/mouse/status", "Discharging\n");
  EXPECT_EQ(read_on_battery(machine.root()).value, false);
}

TEST(Power, ABatteryTellsWhetherItDrivesTheMachine) {
  FakeMachine machine;
  machine.write("sys/class/power_supply/BAT0/type", "Battery\n");
  machine.write("sys/class/power_supply/BAT0/status", "Discharging\n");
  EXPECT_EQ(read_on_battery(machine.root()).value, true);
  machine.write("sys/class/power_supply/BAT0/status", "Charging\n");
  EXPECT_EQ(read_on_battery(machine.root()).value, false);
  machine.write("sys/class/power_supply/BAT0/status", "Unknown\n");
  EXPECT_EQ(read_on_battery(machine.root()).value, std::nullopt);
  machine.write("sys/class/power_supply/AC/type", "Mains\n");
  machine.write("sys/class/power_supply/AC/online", "1\n");
  EXPECT_EQ(read_on_battery(machine.root()).value, false);
}

TEST(LoadSensor, ComparesTicksAndReadsFreeMemory) {
  FakeMachine machine;
  machine.write("proc/stat", "cpu  100 0 100 800 0 0 0\n");
  machine.write("proc/meminfo", "MemTotal: 100 kB\nMemAvailable:    2048 kB\n");
  Load load(machine.root());
  EXPECT_FALSE(load.cpu().value);
  machine.write("proc/stat", "cpu  150 0 100 850 0 0 0\n");
  EXPECT_EQ(load.cpu().value, 0.5);
  EXPECT_EQ(load.memory_free().value, 2 * base::kMiB);
  EXPECT_FALSE(Load("/nowhere").memory_free().value);
}

TEST(PresenceSensor, SaysWhyItDoesNotKnow) {
  FakeMachine machine;
  const auto why = [&](Session session) {
    session.root = machine.root();
    const auto reading = Presence(std::move(session)).read();
    return reading.value ? "known" : reading.source;
  };
  EXPECT_EQ(why({}), "known") << "nobody can sit at a machine without display and terminal";
  EXPECT_EQ(why({.display = ":0", .type = "wayland"}), "Wayland does not tell it");
  EXPECT_THAT(why({.display = ":4711"}), testing::AnyOf("libxcb.so.1 is not installed",
                                                        "the X display :4711 lets us not in (is XAUTHORITY set?)"));
  machine.write("tmp/.X11-unix/X0", "");
  EXPECT_EQ(why({}), "there is an X display, and DISPLAY is not set for the worker");
  machine.write("run/user/1000/wayland-0", "");
  EXPECT_EQ(why({}), "Wayland does not tell it");
}

TEST(Sensors, ReadOnlyWhatIsWanted) {
  FakeMachine machine;
  machine.add_process(10, 1, "/bin/maya", "maya");
  const auto sensors = make_sensors({.root = machine.root(), .nvml = FAKE_NVML_CURRENT, .session = {machine.root()}});
  const auto apps = sensors->read(only(job::Sensor::kApps));
  EXPECT_THAT(*apps.apps.value, ElementsAre("maya"));
  EXPECT_FALSE(apps.user_idle.value);
  EXPECT_FALSE(apps.gpus.value);
  EXPECT_TRUE(sensors->read(only(job::Sensor::kUser)).user_idle.value);
  EXPECT_EQ(sensors->read(only(job::Sensor::kPower)).on_battery.value, false);
}

TEST(Sensors, TellTheStateOfACardAndWhoUsesIt) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  machine.nvml_user(10);
  const auto sensors = make_sensors({.root = machine.root(), .nvml = FAKE_NVML_CURRENT});
  auto cards = sensors->read(only(job::Sensor::kGpus)).gpus;
  ASSERT_TRUE(cards.value);
  const auto& first = cards.value->front();
  EXPECT_EQ(first.uuid, "GPU-0");
  EXPECT_EQ(first.temperature, 60);
  EXPECT_EQ(first.busy, 0.25);
  EXPECT_EQ(first.ours, 0U);
  ASSERT_EQ(first.foreign->size(), 1U) << "it computes and draws, and is one process";
  EXPECT_EQ(first.foreign->front().name, "process 10") << "of a container that we do not see";
  EXPECT_EQ(first.foreign->front().vram, 2 * kGiB);
  EXPECT_THAT(*cards.value->back().foreign, IsEmpty());

  machine.add_process(10, 1, "/opt/nuke/nuke", "/opt/nuke/nuke");
  machine.nvml_fault("no used memory");
  cards = sensors->read(only(job::Sensor::kGpus)).gpus;
  EXPECT_EQ(cards.value->front().foreign->front().name, "nuke");

  machine.add_process(10, ::getpid(), "/usr/bin/engine", "engine");
  cards = sensors->read(only(job::Sensor::kGpus)).gpus;
  EXPECT_THAT(*cards.value->front().foreign, IsEmpty());
  EXPECT_EQ(cards.value->front().ours, 2 * kGiB);

  machine.nvml_fault("no processes");
  cards = sensors->read(only(job::Sensor::kGpus)).gpus;
  EXPECT_FALSE(cards.value->front().foreign) << "unknown is not nobody";
}

TEST(Sensors, AnOldDriverDoesNotTellWhoUsesACard) {
  FakeMachine machine;
  machine.write("dev/nvidiactl", "");
  const auto sensors = make_sensors({.root = machine.root(), .nvml = FAKE_NVML_OLD});
  const auto cards = sensors->read(only(job::Sensor::kGpus)).gpus;
  ASSERT_TRUE(cards.value);
  EXPECT_FALSE(cards.value->front().foreign);
  EXPECT_FALSE(cards.value->front().temperature);
}

TEST(Sensors, P5_ADriverThatShowsNoCardIsNotAMachineWithoutCards) {
  FakeMachine machine;
  EXPECT_TRUE(make_sensors({.root = machine.root()})->read(only(job::Sensor::kGpus)).gpus.value);
  machine.write("dev/nvidiactl", "");
  machine.nvml_fault("no driver");
  const auto sensors = make_sensors({.root = machine.root(), .nvml = FAKE_NVML_CURRENT});
  EXPECT_EQ(sensors->read(only(job::Sensor::kGpus)).gpus.source, "the NVIDIA driver shows no card");
}

TEST(Sensors, ReadTheStateOfAnAmdCard) {
  FakeMachine machine;
  machine.add_amd("card0", "8589934592", "1073741824");
  machine.write("sys/class/drm/card0/device/hwmon/hwmon3/temp1_input", "61000\n");
  machine.write("sys/class/drm/card0/device/gpu_busy_percent", "40\n");
  const auto cards = make_sensors({.root = machine.root()})->read(only(job::Sensor::kGpus)).gpus;
  EXPECT_EQ(cards.value->front().temperature, 61);
  EXPECT_EQ(cards.value->front().busy, 0.4);
  EXPECT_FALSE(cards.value->front().foreign);
}

}  // namespace
}  // namespace machine
