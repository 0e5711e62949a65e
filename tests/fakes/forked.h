#pragma once
// Forked: a process of its own that holds something until it is killed. Thread: the test's.

#include <array>
#include <csignal>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace fakes {

class Forked {
 public:
  enum class Child { kNone, kUnexeced };

  /// Runs `take` in the new process, which keeps what that returns. With kUnexeced it forks a child afterwards that
  /// never calls exec, as any child is for a moment; that one lives until this object ends, even when its parent is
  /// killed.
  template <class Take>
  explicit Forked(Take take, Child child = Child::kNone) {
    std::array<int, 2> told{};
    std::array<int, 2> end{};
    if (::pipe(told.data()) != 0 || ::pipe(end.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("no process");
    if (pid_ == 0) {
      ::close(end[1]);
      const auto held = take();
      if (child == Child::kUnexeced && ::fork() == 0) wait_and_exit(end[0]);
      const char word = held ? 1 : 0;
      static_cast<void>(!::write(told[1], &word, 1));
      wait_and_exit(end[0]);
    }
    ::close(told[1]);
    ::close(end[0]);
    end_ = end[1];
    char word = 0;
    holds_ = ::read(told[0], &word, 1) == 1 && word == 1;
    ::close(told[0]);
  }
  ~Forked() {
    kill();
    ::close(end_);
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  /// Whether `take` gave something.
  bool holds() const { return holds_; }
  pid_t pid() const { return pid_; }
  void kill() {
    if (std::exchange(killed_, true)) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  [[noreturn]] static void wait_and_exit(int end) {
    char ignored = 0;
    static_cast<void>(!::read(end, &ignored, 1));
    ::_exit(0);
  }

  pid_t pid_ = -1;
  int end_ = -1;
  bool holds_ = false;
  bool killed_ = false;
};

}  // namespace fakes
