#pragma once
// World: one seed's hour. It starts worker processes, plays the faults, and judges the end. Thread: its own.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "base/files.h"
#include "fakes/virtual_clock.h"
#include "simulation/machine.h"
#include "simulation/network.h"
#include "simulation/plan.h"
#include "simulation/studio.h"
#include "simulation/trace.h"
#include "unit/history/memory_folder.h"
#include "worker/worker.h"

namespace simulation {

struct Outcome {
  std::vector<std::string> violations;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::uint64_t jobs = 0;
  std::uint64_t lives = 0;
};

class World {
 public:
  World(Plan plan, std::filesystem::path folder, bool print);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  Outcome run();

 private:
  /// A worker process and what lives and dies with it.
  struct Process;

  void boot();
  void boot_later(base::Duration delay);
  void kill(const char* how);
  void bury();
  void cut_power();
  void process_ended(studio::LinkEnd end);

  void schedule_jobs();
  void schedule_faults();
  /// Again and again, `mean` apart, until the storm is over.
  void plague(Fault fault, base::Duration mean, std::function<void()> strike);
  void schedule_machine_faults();
  void strike_disk_full();
  void arm_write_kill();
  void every_second();

  void calm_down();
  void judge();
  void watch_connects();
  base::Duration about(base::Duration mean);

  Plan plan_;
  asio::io_context io_{1};
  fakes::VirtualClock clock_{io_};
  fakes::SeededRandom random_;
  fakes::SeededRandom worker_random_;
  Trace trace_;
  Studio studio_;
  Network network_;
  Shelf shelf_;
  history::MemoryDisk disk_;
  std::filesystem::path state_;
  bool policy_declines_ = false;
  bool calm_ = false;
  std::uint64_t lives_ = 0;
  const char* doomed_ = nullptr;  // the present process is to be killed before anything else happens
  bool doomed_by_power_ = false;
  bool ended_ = false;
  std::unique_ptr<Process> process_;
};

}  // namespace simulation
