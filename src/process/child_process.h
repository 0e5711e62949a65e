#pragma once
// ChildProcess: one child program in a process group of its own, with a frame channel on its fd 3. Thread: io.

#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "process/frame_channel.h"

namespace process {

struct SpawnOptions {
  std::vector<std::string> argv;         // argv[0] is an absolute path, or a name to find in PATH
  std::vector<std::string> environment;  // KEY=value, nothing else is inherited
  std::filesystem::path working_folder;  // empty = ours
  bool capture_output = false;           // stdout and stderr into `read_output`; otherwise our stderr
  int nice = 0;
};

struct ExitStatus {
  bool by_signal = false;
  int value = 0;  // exit code or signal number
  bool ok() const { return !by_signal && value == 0; }
};

/// "exit code 3" or "signal 11 (Segmentation fault)".
std::string to_string(ExitStatus status);

/// Our environment without anything a child does not need: PATH, HOME, LANG, LC_*, TZ, TMPDIR, CUDA_*, HIP_*, GGML_*,
/// and the sanitizers' options. Tokens never pass.
std::vector<std::string> scrubbed_environment();

class ChildProcess {
 public:
  /// Starts the program: stdin from /dev/null, own process group, killed when our io thread ends.
  /// Requires: called on the io thread, which lives as long as the process (the death signal follows the thread).
  /// Errors: kNotFound when the program cannot be executed, kUnavailable otherwise.
  static base::Result<ChildProcess> spawn(asio::any_io_executor executor, SpawnOptions options);

  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  /// Kills the group if it still runs, and reaps it.
  ~ChildProcess();

  pid_t pid() const;
  FrameChannel& channel();

  /// The next piece of captured output. Errors: kUnavailable when no process holds the pipe any more.
  asio::awaitable<base::Result<std::string>> read_output();

  /// What is in the pipe of captured output now, at most a pipe's worth; empty when nothing is. Never blocks: after the
  /// child's end a stray that still holds the pipe would keep `read_output` waiting.
  std::string output_left();

  /// Sends the signal to every process of the group; nothing once the child was reaped.
  void signal_group(int signal_number);

  /// Waits for the child, kills what is left of its group and whatever left the group, reaps it. May be cancelled and
  /// awaited again, and gives the same answer each time. One waiter at a time.
  asio::awaitable<ExitStatus> wait_exit();

 private:
  struct State;
  explicit ChildProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The program that ran us, resolved: child programs are installed beside it.
std::filesystem::path own_program();

/// `name` beside our own program; in an install below <prefix>/bin that is where they are, too.
std::filesystem::path sibling_program(std::string_view name);

}  // namespace process
