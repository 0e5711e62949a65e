#pragma once
// EnginePool: engine programs and their warm instances. Runs one job at a time per instance. Thread: io.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "job/kind.h"
#include "job/result.h"

namespace engine {

namespace asio = boost::asio;

struct Deadlines {
  base::Duration queue = std::chrono::minutes(1);        // waiting for the engine to be free
  base::Duration load = std::chrono::minutes(10);        // from the start of the program to the loaded model
  base::Duration no_progress = std::chrono::minutes(5);  // between two signs of life of a running job
  base::Duration total = std::chrono::hours(2);          // of a running job, without the load
};

/// engines/<name>/engine.toml, checked.
struct Manifest {
  std::string name;
  std::filesystem::path folder;
  std::vector<std::string> command;
  std::vector<std::string> serves;                       // modelSource.engine values
  std::map<job::Kind, std::vector<std::string>> models;  // per kind, for show; its keys are the kinds
  std::vector<std::string> instance_key;                 // subset of model, files, defaults
  std::vector<std::string> inputs;  // names of the task's inputs that it wants as files: image, images, initImage, ...
  bool fetch_files = true;          // false: only the roles of the model's files matter
  bool needs_gpu = false;
  base::Duration idle = std::chrono::minutes(5);  // a warm instance is kept this long
  Deadlines deadlines;
  base::Duration term_again = std::chrono::milliseconds(250);
  base::Duration kill_after = std::chrono::milliseconds(1500);
};

/// What is started: the file beside the manifest if there is one of that name, else the command's first word, which is
/// a path or found in PATH. Requires: a command.
std::string program_of(const Manifest& manifest);

struct RunFile {
  std::string role;
  std::filesystem::path path;  // empty when the manifest says fetch_files = false
};
struct RunInput {
  std::string name;
  std::size_t index = 0;
  std::filesystem::path path;
  std::string type;  // MIME
};

struct RunRequest {
  base::JobId job;
  base::GameId game;  // for the log
  job::Kind kind = job::Kind::kImage;
  base::ModelId model;
  std::string engine;                       // modelSource.engine
  std::string defaults;                     // cliDefaults, JSON text
  std::shared_ptr<const std::string> task;  // JSON text, up to the message limit: shared, not copied
  std::vector<RunFile> files;
  std::vector<RunInput> inputs;
  std::filesystem::path out_dir;           // empty: the engine process's own folder, for kinds without result files
  std::optional<base::Duration> max_time;  // the policy's; the smaller of it and the manifest's total counts
};

struct Progress {
  std::optional<double> fraction;
  std::optional<std::uint64_t> step;
  std::optional<std::uint64_t> steps;
  std::string note;
};

/// What can be offered to this worker.
struct Roster {
  std::vector<std::pair<job::Kind, std::vector<std::string>>> models;
  std::vector<std::string> model_engines;
};

/// What the pool may hold of the machine.
enum class Hold : std::uint8_t {
  kWarm,         // an engine stays for the next job, as long as its manifest says
  kRunningOnly,  // an engine without a job ends, and its memory comes back
  kFrozen        // every engine's processes stand still, and so do their deadlines; none is started
};

class EnginePool {
 public:
  virtual ~EnginePool() = default;
  virtual Roster roster() const = 0;
  /// Who would run it; nullptr when nobody can. Valid until the pool dies.
  virtual const Manifest* manifest(std::string_view engine, job::Kind kind) const = 0;
  /// Why this worker could not run it, before anything is started: unknown engine, kind not served. Nothing = it can.
  virtual std::optional<std::string> cannot_serve(std::string_view engine, job::Kind kind) const = 0;
  /// The deadlines count from here on; each gives a Failure of its own class.
  /// Returns only when the engine is ready for the next job or its process group is gone and reaped. Cancelling the
  /// awaiting coroutine runs the stop ladder first (cancel frame, TERM, TERM, KILL) and gives kCancelled; its next
  /// await throws, as everywhere. `progress` is called until the job has ended, never afterwards.
  virtual asio::awaitable<std::variant<job::Artifacts, job::Failure>> run(
      RunRequest request, std::function<void(const Progress&)> progress) = 0;
  /// Takes effect at once. A job that is cancelled while frozen ends all the same.
  virtual void set_hold(Hold hold) = 0;
  /// Ends every instance; jobs that run or wait give kCancelled. Requires: awaited before the pool dies.
  virtual asio::awaitable<void> stop() = 0;
};

std::unique_ptr<EnginePool> make_engine_pool(asio::any_io_executor executor, base::Clock& clock,
                                             std::vector<Manifest> manifests, std::filesystem::path scratch);

}  // namespace engine
