#include "process/child_process.h"

#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "loop.h"
#include "process/stray.h"

namespace process {
namespace {

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.argv = {"/bin/sh", "-c", script};
  options.environment = {"PATH=/usr/bin:/bin"};
  options.capture_output = true;
  return options;
}

/// Waits for the end of a process that need not be our child.
bool goes_away(pid_t pid) {
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return true;
  pollfd ended{process.get(), POLLIN, 0};
  return ::poll(&ended, 1, 20'000) == 1;
}

struct Ran {
  ExitStatus status;
  std::string output;
};

class ChildProcessTest : public testing::Test {
 protected:
  ChildProcess spawn(SpawnOptions options) {
    auto child = ChildProcess::spawn(loop_.executor(), std::move(options));
    STUDIO_ASSERT(child.has_value());
    return std::move(*child);
  }
  ExitStatus wait(ChildProcess& child) {
    static constexpr auto kWait = [](ChildProcess& waited, ExitStatus& into) -> asio::awaitable<void> {
      into = co_await waited.wait_exit();
    };
    ExitStatus status;
    loop_.run(kWait(child, status));
    return status;
  }
  Ran run(SpawnOptions options) {
    static constexpr auto kRead = [](ChildProcess& from, std::string& into) -> asio::awaitable<void> {
      for (;;) {
        const auto chunk = co_await from.read_output();
        if (!chunk) co_return;
        into += *chunk;
      }
    };
    auto child = spawn(std::move(options));
    Ran ran;
    loop_.run(kRead(child, ran.output));
    ran.status = wait(child);
    return ran;
  }
  /// One chunk of output that holds a number.
  pid_t first_number(ChildProcess& child) {
    static constexpr auto kRead = [](ChildProcess& from, std::string& into) -> asio::awaitable<void> {
      while (into.find('\n') == std::string::npos) {
        const auto chunk = co_await from.read_output();
        if (!chunk) co_return;
        into += *chunk;
      }
    };
    std::string text;
    loop_.run(kRead(child, text));
    return text.empty() ? 0 : std::stoi(text);
  }

  Loop loop_;
};

TEST_F(ChildProcessTest, P4_TellsAnExitCodeFromASignal) {
  EXPECT_TRUE(run(shell("exit 0")).status.ok());
  const auto exited = run(shell("exit 15")).status;
  EXPECT_EQ(to_string(exited), "exit code 15");
  EXPECT_FALSE(exited.ok());
  const auto killed = run(shell("kill -15 $$")).status;
  EXPECT_EQ(to_string(killed), "signal 15 (Terminated)");
  EXPECT_FALSE(killed.ok());
}

TEST_F(ChildProcessTest, GivesTheSameStatusEachTime) {
  auto child = spawn(shell("exit 3"));
  EXPECT_EQ(wait(child).value, 3);
  EXPECT_EQ(wait(child).value, 3);
}

TEST_F(ChildProcessTest, MayBeAwaitedAgainAfterACancelledWait) {
  static constexpr auto kWait = [](ChildProcess& waited) -> asio::awaitable<void> { co_await waited.wait_exit(); };
  auto child = spawn(shell("read line <&3 || exit 4"));
  const auto task = loop_.tasks().spawn("waiter", kWait(child));
  loop_.turn();
  loop_.tasks().cancel(task);
  loop_.turn();
  EXPECT_EQ(loop_.tasks().size(), 0U);
  child.channel().close();
  EXPECT_EQ(wait(child).value, 4);
}

TEST_F(ChildProcessTest, CapturesBothOutputs) {
  const auto ran = run(shell("echo out; echo err >&2"));
  EXPECT_EQ(ran.output, "out\nerr\n");
}

TEST_F(ChildProcessTest, GivesTheChildOnlyItsFourDescriptors) {
  const base::UniqueFd ours(::open("/dev/null", O_RDONLY));
  auto options = shell("");
  options.argv = {"/bin/ls", "-1", "/proc/self/fd"};
  // The last one is the folder that ls reads.
  EXPECT_EQ(run(std::move(options)).output, "0\n1\n2\n3\n4\n");
  EXPECT_EQ(run(shell("readlink /proc/$$/fd/0")).output, "/dev/null\n");
}

TEST_F(ChildProcessTest, PassesTheEnvironmentItIsGivenAndAMark) {
  ::setenv("STUDIO_TEST_SECRET", "x", 1);
  auto options = shell("");
  options.argv = {"/usr/bin/env"};
  options.environment = {"ONE=1"};
  const auto ran = run(std::move(options));
  EXPECT_TRUE(ran.output.starts_with("ONE=1\nSTUDIO_CHILD=")) << ran.output;
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 2);
}

TEST_F(ChildProcessTest, ScrubsOurOwnEnvironment) {
  ::setenv("STUDIO_WORKER_TOKEN", "x", 1);
  ::setenv("LD_LIBRARY_PATH", "/x", 1);
  ::setenv("CUDA_VISIBLE_DEVICES", "1", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  const auto kept = scrubbed_environment();
  const auto has = [&](std::string_view name) {
    return std::any_of(kept.begin(), kept.end(), [&](const auto& entry) { return entry.starts_with(name); });
  };
  EXPECT_TRUE(has("PATH="));
  EXPECT_TRUE(has("CUDA_VISIBLE_DEVICES=1"));
  EXPECT_TRUE(has("LC_ALL=C.UTF-8"));
  EXPECT_FALSE(has("STUDIO_"));
  EXPECT_FALSE(has("LD_LIBRARY_PATH"));
}

TEST_F(ChildProcessTest, RunsInItsFolderAndInAGroupOfItsOwn) {
  auto dir = base::TempDir::create("process-test");
  ASSERT_TRUE(dir);
  auto options = shell("pwd -P; ps -o pgid= -p $$ | tr -d ' '; echo $$");
  options.working_folder = dir->path();
  const auto output = run(std::move(options)).output;
  std::istringstream lines(output);
  std::string folder;
  pid_t group = 0;
  pid_t pid = -1;
  lines >> folder >> group >> pid;
  EXPECT_EQ(folder, std::filesystem::canonical(dir->path()).native());
  EXPECT_EQ(group, pid);
}

TEST_F(ChildProcessTest, FindsAProgramInThePath) {
  auto options = shell("");
  options.argv = {"true"};
  EXPECT_TRUE(run(std::move(options)).status.ok());
}

TEST_F(ChildProcessTest, SaysWhyAProgramCannotBeStarted) {
  const auto refusal = [&](SpawnOptions options) {
    auto child = ChildProcess::spawn(loop_.executor(), std::move(options));
    return child ? base::Error{base::Code::kInternal, "it started"} : child.error();
  };
  auto missing = shell("");
  missing.argv = {"/nowhere/program"};
  auto error = refusal(std::move(missing));
  EXPECT_EQ(error.code, base::Code::kNotFound);
  EXPECT_EQ(error.message, "cannot start /nowhere/program: No such file or directory");

  auto refused = shell("");
  refused.argv = {"/etc/passwd"};
  EXPECT_EQ(refusal(std::move(refused)).message, "cannot start /etc/passwd: Permission denied");

  auto lost = shell("exit 0");
  lost.working_folder = "/nowhere";
  EXPECT_EQ(refusal(std::move(lost)).code, base::Code::kNotFound);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no zombie stays";
}

TEST_F(ChildProcessTest, TalksOverItsChannel) {
  static constexpr auto kTalk = [](ChildProcess& child, std::string& answer) -> asio::awaitable<void> {
    EXPECT_TRUE(child.channel().send("ping"));
    auto frame = co_await child.channel().read();
    answer = frame ? *frame : frame.error().message;
  };
  // The same eight bytes back: a frame of four bytes.
  auto child = spawn(shell("exec dd bs=1 count=8 status=none <&3 >&3"));
  std::string answer;
  loop_.run(kTalk(child, answer));
  EXPECT_EQ(answer, "ping");
  EXPECT_TRUE(wait(child).ok());
}

TEST_F(ChildProcessTest, SignalsTheWholeGroup) {
  auto child = spawn(shell("sleep 1000 & echo $!; wait"));
  const pid_t grandchild = first_number(child);
  ASSERT_GT(grandchild, 0);
  child.signal_group(SIGTERM);
  EXPECT_EQ(wait(child).value, SIGTERM);
  EXPECT_TRUE(goes_away(grandchild));
  child.signal_group(SIGKILL);
}

TEST_F(ChildProcessTest, P3_KillsGrandchildrenThatOutliveTheChild) {
  auto child = spawn(shell("trap '' TERM; sleep 1000 & echo $!"));
  const pid_t grandchild = first_number(child);
  ASSERT_GT(grandchild, 0);
  EXPECT_TRUE(wait(child).ok());
  EXPECT_TRUE(goes_away(grandchild));
}

TEST_F(ChildProcessTest, P3_KillsAGrandchildThatLeftTheGroup) {
  auto child = spawn(shell("setsid sh -c 'echo $$; exec sleep 1000' & read line <&3"));
  const pid_t grandchild = first_number(child);
  ASSERT_GT(grandchild, 0);
  child.channel().close();
  wait(child);
  EXPECT_TRUE(goes_away(grandchild));
}

TEST_F(ChildProcessTest, LeavesTheStraysOfOthersAlone) {
  auto mine = spawn(shell("setsid sh -c 'echo $$; exec sleep 1000' & read line <&3"));
  const pid_t stray = first_number(mine);
  EXPECT_TRUE(run(shell("exit 0")).status.ok());
  EXPECT_EQ(::kill(stray, 0), 0);
}

TEST_F(ChildProcessTest, LeavesAProcessWithoutAnEnvironmentAlone) {
  auto child = spawn(shell("setsid env -i /bin/sleep 1000 & echo $!; read line <&3"));
  const pid_t stranger = first_number(child);
  child.channel().close();
  EXPECT_FALSE(wait(child).by_signal);
  EXPECT_EQ(::kill(stranger, 0), 0);
  ::kill(stranger, SIGKILL);
}

TEST_F(ChildProcessTest, GivesWhatIsLeftOfTheOutputWithoutWaiting) {
  auto child = spawn(shell("setsid sleep 1000 & echo last words"));
  EXPECT_TRUE(wait(child).ok());
  EXPECT_EQ(child.output_left(), "last words\n");
  EXPECT_EQ(child.output_left(), "");
}

TEST_F(ChildProcessTest, ReapsTheChildWhenItIsDropped) {
  pid_t pid = 0;
  {
    const auto child = spawn(shell("trap '' TERM; sleep 1000"));
    pid = child.pid();
  }
  EXPECT_TRUE(goes_away(pid));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(ChildProcessTest, DiesWithTheProcessThatStartedIt) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    Loop own;
    auto options = shell("trap '' TERM; exec sleep 1000");
    const auto child = ChildProcess::spawn(own.executor(), std::move(options));
    const pid_t pid = child ? child->pid() : -1;
    if (::write(pipe[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
    ::raise(SIGKILL);
  }
  pid_t grandchild = 0;
  ASSERT_EQ(::read(pipe[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  ASSERT_GT(grandchild, 0);
  ::waitpid(middle, nullptr, 0);
  EXPECT_TRUE(goes_away(grandchild));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

/// From here on pidfd_open fails in this process, as on a kernel without it.
bool forbid_pidfd_open() {
  std::array<sock_filter, 4> steps{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{steps.size(), steps.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(ChildProcessTest, EndsAChildThatItCannotWatch) {
  const pid_t other = ::fork();
  if (other == 0) {
    if (!forbid_pidfd_open()) ::_exit(2);
    Loop own;
    const auto child = ChildProcess::spawn(own.executor(), shell("trap '' TERM; exec sleep 1000"));
    const bool told = !child && child.error().message.find("cannot watch /bin/sh") != std::string::npos;
    const bool reaped = ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
    ::_exit(told && reaped ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

TEST_F(ChildProcessTest, StartsNoCoreDumpsAndNoNewPrivileges) {
  const auto ran = run(shell("ulimit -c; grep NoNewPrivs /proc/self/status | tr -d '[:space:]'"));
  EXPECT_EQ(ran.output, "0\nNoNewPrivs:1");
}

TEST_F(ChildProcessTest, LosesNoDescriptorOverManyChildren) {
  const auto count = [] {
    const std::filesystem::directory_iterator entries("/proc/self/fd");
    return std::distance(begin(entries), end(entries));
  };
  run(shell("exit 0"));
  const auto before = count();
  for (int i = 0; i < 30; ++i) run(shell("echo x"));
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace process
