#pragma once
// What the author of an engine writes: a class derived from Engine; serve() (serve.h) speaks the protocol for it.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json.hpp>

namespace engine_sdk {

class FrameWriter;

inline constexpr int kProtocol = 1;

/// Why a job or a load failed, as engines/README.md lists the classes.
enum class FailureClass : std::uint8_t {
  kBadRequest,
  kModelMissing,
  kModelLoadFailed,
  kOomVram,
  kOomRam,
  kCrashed,
  kStalled,
  kTimeout,
  kCancelled,
  kPreempted,
  kInputFetchFailed,
  kUnsupported,
};

std::string_view to_string(FailureClass failure);

struct Failure {
  FailureClass kind = FailureClass::kCrashed;
  std::string message;
};

/// The core's greeting. `settings` lives as long as the call it is passed to.
struct Hello {
  std::optional<int> gpu;
  const boost::json::object& settings;
};

struct Ready {
  std::string name;
  std::string version;
  std::vector<std::string> kinds;
  std::vector<std::string> models;
};

struct ModelFile {
  std::string role;
  std::string path;
};

/// The model of the jobs that follow. `defaults` lives as long as the call it is passed to.
struct Model {
  std::string id;
  std::vector<ModelFile> files;
  const boost::json::object& defaults;
};

struct Loaded {
  std::uint64_t vram_bytes = 0;
};

using LoadOutcome = std::variant<Loaded, Failure>;

/// A file that the core fetched for the job: `name` is the role ("image", "mask", ...), `index` counts within it.
struct Input {
  std::string name;
  std::size_t index = 0;
  std::string path;
  std::string type;
};

/// `task` is the studio's task object as it came; it lives as long as the call it is passed to.
struct Job {
  std::string id;
  const boost::json::object& task;
  std::vector<Input> inputs;
  std::string out_dir;
};

/// `file` is a bare name inside the job's out_dir.
struct FileResult {
  std::string file;
  std::string ext;
};

struct JsonResult {
  boost::json::value value;
};

using Outcome = std::variant<FileResult, JsonResult, Failure>;

/// The running job's line to the core. Any thread of the engine may use it until run() returns.
class Progress {
 public:
  Progress(FrameWriter& writer, std::string_view job, const std::atomic<bool>& cancelled)
      : writer_(writer), job_(job), cancelled_(cancelled) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Looked at between two steps of the work; a job that sees true returns at once, whatever its outcome.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  void fraction(double done, std::string_view note = {});
  void step(std::uint32_t step, std::uint32_t steps, std::string_view note = {});
  /// `level` is debug, info, warn or error.
  void log(std::string_view level, std::string_view text);

 private:
  FrameWriter& writer_;
  std::string_view job_;
  const std::atomic<bool>& cancelled_;
};

/// Calls never overlap, but come from two threads in turn: state bound to one thread needs a thread of the engine's
/// own.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Ready describe(const Hello& hello) = 0;
  virtual LoadOutcome load(const Model& model) = 0;
  virtual Outcome run(const Job& job, Progress& progress) = 0;
};

}  // namespace engine_sdk
