#pragma once
// Stage: a pool with the fake engine on a loop of its own, and what the tests ask of them. Thread: the test's.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/files.h"
#include "engine/engine_pool.h"

namespace engine {

using Answer = std::variant<job::Artifacts, job::Failure>;

/// A job that runs in a task of its own.
struct Background {
  base::TaskGroup::TaskId task = 0;
  std::optional<Answer> answer;
  base::Event done;
};

class Stage {
 public:
  using Script = asio::awaitable<void> (*)(Stage&);

  Stage();
  /// One manifest named "fake", started as `start` says; every deadline is generous.
  Manifest manifest(const std::string& start = "") const;
  /// Runs the script, stops the pool, and sees that the loop runs dry: no timer and no task is left behind.
  void play(std::vector<Manifest> manifests, Script script);
  void play(Manifest manifest, Script script) { play(std::vector<Manifest>{std::move(manifest)}, script); }

  EnginePool& pool() { return *pool_; }
  base::TaskGroup& tasks() { return tasks_; }
  const std::filesystem::path& folder() const { return dir_.path(); }

  RunRequest request(const std::string& prompt, job::Kind kind = job::Kind::kLlm);
  asio::awaitable<Answer> run(std::string prompt, job::Kind kind = job::Kind::kLlm);
  void start(Background& background, RunRequest request);
  asio::awaitable<Answer> finish(Background& background);
  /// Waits until an engine reports this stage; its pid.
  asio::awaitable<pid_t> hears(std::string stage);

  std::vector<Progress> progress;

 private:
  asio::awaitable<void> play_to_the_end(Script script);
  asio::awaitable<void> run_in_background(Background& background, RunRequest request);

  asio::io_context io_;
  std::unique_ptr<base::Clock> clock_;
  base::TempDir dir_;
  asio::posix::stream_descriptor reports_;
  std::string heard_;
  std::unique_ptr<EnginePool> pool_;
  int next_job_ = 1;
  bool ended_ = false;
  base::TaskGroup tasks_;
};

/// Empty when it is a failure.
std::string json_of(const Answer& answer);
/// "class: message"; empty when it is a result.
std::string failure_of(const Answer& answer);
/// The number behind `"key":` in a JSON answer, -1 when there is none.
long number_in(const Answer& answer, std::string_view key);
/// Waits for the end of a process that need not be our child.
bool goes_away(pid_t pid);
std::size_t open_descriptors();
/// Children of this process that have ended and were not reaped, or still run.
std::size_t children();

}  // namespace engine
