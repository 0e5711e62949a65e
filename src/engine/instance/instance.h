#pragma once
// Instance: one engine process around its InstanceMachine: frames, output lines, signals, one timer. Thread: io.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/clock.h"
#include "engine/engine_pool.h"
#include "engine/frames.h"
#include "engine/instance/instance_machine.h"
#include "engine/instance/line_log.h"
#include "process/child_process.h"

namespace engine {

/// One job on its way through an instance. Owned by whoever waits for `outcome`; borrowed by the instance until then.
struct Ticket {
  RunRequest request;
  std::function<void(const Progress&)> progress;
  std::string load;  // the frame
  base::Event changed;
  std::optional<Outcome> outcome;
  bool untouched = false;
};

class Instance {
 public:
  /// Starts the program in `folder`, which is emptied first and removed at the end.
  /// Errors: as ChildProcess::spawn, and those of the folder.
  static base::Result<std::unique_ptr<Instance>> start(asio::any_io_executor executor, base::Clock& clock,
                                                       const Manifest& manifest, std::filesystem::path folder);

  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Feeds the process and listens to it until it is reaped and nothing refers to the instance. Called once; the first
  /// job is submitted before.
  asio::awaitable<void> serve();

  /// Requires: accepts(), and the ticket outlives its outcome.
  void submit(Ticket& ticket);
  /// The ticket's outcome will be kCancelled, unless it is there already.
  void cancel();
  /// Ends the process, politely first.
  void stop();
  /// Frozen processes stand still until they are told to end; no deadline passes meanwhile.
  void freeze(bool frozen);
  bool accepts() const { return machine_.accepts(); }

 private:
  Instance(asio::any_io_executor executor, base::Clock& clock, const Manifest& manifest, std::filesystem::path folder,
           process::ChildProcess child);

  asio::awaitable<void> read_frames();
  asio::awaitable<void> read_output();
  asio::awaitable<void> watch_deadline(std::uint64_t generation);

  void read_what_is_left();
  void take(const std::string& text);
  void on(const ReadyFrame& frame);
  void on(const LoadedFrame& frame);
  void on(const ProgressFrame& frame);
  void on(const LogFrame& frame);
  void on(const ResultFrame& frame);
  void on(const FailedFrame& frame);
  void on(const UnknownFrame& frame);

  void apply(Actions actions);
  void act(const Send& send);
  void act(const Signal& signal);
  void act(const Finish& finish);
  std::string frame_for(Command command);
  void set_alarm();
  void log_line(base::log::Level level, const std::string& line) const;
  void restart_lines();

  const Manifest& manifest_;
  base::Clock& clock_;
  asio::any_io_executor executor_;
  std::filesystem::path folder_;
  process::ChildProcess child_;
  InstanceMachine machine_;
  LineLog lines_;
  Ticket* ticket_ = nullptr;
  std::string loaded_;  // the load frame that is in force
  std::optional<base::SteadyTime> frozen_since_;
  std::optional<base::SteadyTime> alarm_at_;
  std::uint64_t alarm_generation_ = 0;
  base::TaskGroup::TaskId alarm_task_ = 0;
  base::TaskGroup tasks_;
};

}  // namespace engine
