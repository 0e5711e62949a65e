#include "process/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.h"
#include "process/stray.h"

extern char** environ;

namespace process {
namespace {

constexpr int kChannelFd = 3;

/// Everything the forked child needs, prepared before the fork: after it only async-signal-safe calls are allowed.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* folder = nullptr;
  int channel = -1;
  int output = -1;  // -1 = keep stderr
  int null = -1;
  int nice = 0;
  int report = -1;  // errno of a failed exec goes here; closed by a successful one
  pid_t parent = 0;
};

[[noreturn]] void run_child(const ChildPlan& plan) {
  const auto fail = [&] {
    const int cause = errno;
    [[maybe_unused]] const auto told = ::write(plan.report, &cause, sizeof cause);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != plan.parent) fail();
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (plan.nice != 0) ::setpriority(PRIO_PROCESS, 0, plan.nice);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (::dup2(plan.null, STDIN_FILENO) < 0) fail();
  if (plan.output >= 0 && (::dup2(plan.output, STDOUT_FILENO) < 0 || ::dup2(plan.output, STDERR_FILENO) < 0)) fail();
  // A child's lines must never mix with the answer of a command on our stdout.
  if (plan.output < 0 && ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) fail();
  if (plan.folder != nullptr && ::chdir(plan.folder) != 0) fail();
  if (::dup2(plan.channel, kChannelFd) < 0) fail();
  const unsigned first = kChannelFd + 1;
  ::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execvpe(plan.argv[0], plan.argv.data(), plan.environment.data());
  fail();
  ::_exit(127);
}

base::Error os_error(std::string what) {
  const int cause = errno;
  return {base::Code::kUnavailable, std::move(what) + ": " + std::system_category().message(cause)};
}

/// Descriptors above the ones a child keeps, so that dup2 in the child never overwrites one it still needs.
base::Result<base::UniqueFd> lifted(base::UniqueFd fd) {
  base::UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 10));
  if (!high) return os_error("no descriptor for a child program");
  return high;
}

bool passes(std::string_view entry) {
  static constexpr std::array<std::string_view, 14> kPrefixes = {
      "PATH=", "HOME=", "LANG=", "TZ=",           "TMPDIR=",        "USER=",         "LC_",
      "CUDA_", "HIP_",  "GGML_", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS="};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](auto prefix) { return entry.starts_with(prefix); });
}

/// Waits for the outcome of exec: the pipe closes on success and carries errno otherwise.
std::optional<int> exec_failure(int report) {
  int cause = 0;
  ssize_t got = -1;
  do {
    got = ::read(report, &cause, sizeof cause);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof cause)) return cause;
  return std::nullopt;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

base::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("no pipe for a child program");
  base::UniqueFd read(ends[0]);
  TRY(auto write, lifted(base::UniqueFd(ends[1])));
  return Pipe{std::move(read), std::move(write)};
}

/// Tells of the child's end. A child that cannot be watched is ended here.
base::Result<base::UniqueFd> watched(pid_t child, const std::string& program) {
  base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (pidfd) return pidfd;
  const base::Error cause = os_error("cannot watch " + program + " (pidfd_open, Linux 5.3 and later)");
  ::kill(-child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return cause;
}

}  // namespace

struct ChildProcess::State {
  State(pid_t child, std::string mark, asio::any_io_executor executor, base::UniqueFd pidfd, base::UniqueFd socket)
      : pid(child),
        origin{std::move(mark), child, start_of(child)},
        exit_handle(executor, pidfd.release()),
        channel(executor, std::move(socket)) {}

  ~State() {
    if (!status) {
      ::kill(-pid, SIGKILL);
      // A killed process is gone in milliseconds unless it hangs in a driver; that must not hang us.
      pollfd ended{exit_handle.native_handle(), POLLIN, 0};
      ::poll(&ended, 1, 500);
      reap();
    }
    while (stray_looks > 0) {
      ::poll(nullptr, 0, static_cast<int>(kStrayPause.count()));
      look_for_strays();
    }
  }

  /// Reaps the child if it has ended. Its pid stays reserved until then, so the group cannot be somebody else's.
  void reap() {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    ::kill(-pid, SIGKILL);
    int raw = 0;
    if (::waitpid(pid, &raw, 0) != pid) return;
    status = WIFSIGNALED(raw) ? ExitStatus{true, WTERMSIG(raw)} : ExitStatus{false, WEXITSTATUS(raw)};
    stray_looks = kStrayLooks;
    look_for_strays();
  }

  void look_for_strays() { stray_looks = kill_strays(origin) ? 0 : stray_looks - 1; }

  pid_t pid;
  Origin origin;
  asio::posix::stream_descriptor exit_handle;
  std::optional<asio::posix::stream_descriptor> output;
  FrameChannel channel;
  std::optional<ExitStatus> status;
  int stray_looks = 0;  // looks for strays that are still to be taken
};

std::string to_string(ExitStatus status) {
  if (!status.by_signal) return "exit code " + std::to_string(status.value);
  const char* name = ::sigdescr_np(status.value);
  return "signal " + std::to_string(status.value) + " (" + (name != nullptr ? name : "unknown") + ")";
}

std::vector<std::string> scrubbed_environment() {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (passes(*entry)) kept.emplace_back(*entry);
  }
  return kept;
}

base::Result<ChildProcess> ChildProcess::spawn(asio::any_io_executor executor, SpawnOptions options) {
  STUDIO_ASSERT(!options.argv.empty());
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) return os_error("no socket pair");
  base::UniqueFd ours(sockets[0]);
  TRY(auto theirs, lifted(base::UniqueFd(sockets[1])));
  TRY(auto null, lifted(base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
  TRY(auto report, make_pipe());
  Pipe output;
  if (options.capture_output) {
    TRY(output, make_pipe());
  }
  const std::string mark = std::string(kMarkVariable) + "=" + base::random_hex(8);
  options.environment.push_back(mark);
  auto argv = pointers(options.argv);
  auto environment = pointers(options.environment);
  ChildPlan plan{std::move(argv), std::move(environment)};
  plan.folder = options.working_folder.empty() ? nullptr : options.working_folder.c_str();
  plan.channel = theirs.get();
  plan.output = options.capture_output ? output.write.get() : -1;
  plan.null = null.get();
  plan.nice = options.nice;
  plan.report = report.write.get();
  plan.parent = ::getpid();

  const pid_t pid = ::fork();
  if (pid < 0) return os_error("cannot start " + options.argv[0]);
  if (pid == 0) run_child(plan);
  ::setpgid(pid, pid);
  report.write.reset();
  if (const auto cause = exec_failure(report.read.get())) {
    ::waitpid(pid, nullptr, 0);
    const auto code = *cause == ENOENT ? base::Code::kNotFound : base::Code::kUnavailable;
    return base::Error{code, "cannot start " + options.argv[0] + ": " + std::system_category().message(*cause)};
  }
  TRY(auto pidfd, watched(pid, options.argv[0]));
  auto state = std::make_unique<State>(pid, mark, executor, std::move(pidfd), std::move(ours));
  if (options.capture_output) {
    state->output.emplace(executor, output.read.release());
    state->output->native_non_blocking(true);
  }
  return ChildProcess(std::move(state));
}

ChildProcess::ChildProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&&) noexcept = default;
ChildProcess::~ChildProcess() = default;

pid_t ChildProcess::pid() const {
  return state_->pid;
}
FrameChannel& ChildProcess::channel() {
  return state_->channel;
}

asio::awaitable<base::Result<std::string>> ChildProcess::read_output() {
  STUDIO_ASSERT(state_->output.has_value());
  // Waits first and reads then: bytes are never on their way to a coroutine while `output_left` looks into the pipe.
  std::string chunk(16 * base::kKiB, '\0');
  for (;;) {
    const ssize_t got = ::read(state_->output->native_handle(), chunk.data(), chunk.size());
    if (got > 0) {
      chunk.resize(static_cast<std::size_t>(got));
      co_return chunk;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || errno != EAGAIN) co_return base::Error{base::Code::kUnavailable, "the output ended"};
    co_await state_->output->async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  }
}

std::string ChildProcess::output_left() {
  STUDIO_ASSERT(state_->output.has_value());
  int available = 0;
  if (::ioctl(state_->output->native_handle(), FIONREAD, &available) != 0 || available <= 0) return {};
  std::string left(static_cast<std::size_t>(available), '\0');
  std::size_t filled = 0;
  while (filled < left.size()) {
    const ssize_t got = ::read(state_->output->native_handle(), left.data() + filled, left.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  left.resize(filled);
  return left;
}

void ChildProcess::signal_group(int signal_number) {
  if (!state_->status) ::kill(-state_->pid, signal_number);
}

asio::awaitable<ExitStatus> ChildProcess::wait_exit() {
  for (;;) {
    if (!state_->status) state_->reap();
    if (state_->status) break;
    co_await state_->exit_handle.async_wait(asio::posix::stream_descriptor::wait_read,
                                            asio::as_tuple(asio::use_awaitable));
  }
  while (state_->stray_looks > 0) {
    asio::steady_timer pause(state_->exit_handle.get_executor(), kStrayPause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    state_->look_for_strays();
  }
  co_return *state_->status;
}

std::filesystem::path own_program() {
  std::error_code failure;
  auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  STUDIO_ASSERT(!failure);
  return path;
}

std::filesystem::path sibling_program(std::string_view name) {
  return own_program().parent_path() / name;
}

}  // namespace process
