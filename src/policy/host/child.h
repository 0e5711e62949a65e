#pragma once
// Child: one studio-policy-host process as the daemon sees it. Thread: io.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "policy/host/protocol.h"
#include "process/child_process.h"

namespace policy::host {

namespace asio = boost::asio;

/// Blocks the io thread for the answer at most this long, because a sleeping reactor costs more than the answer.
constexpr base::Duration kDirectWait = std::chrono::milliseconds(1);
/// After an answer that took longer, the direct wait is left out: for the first time once, since the machine may just
/// have been busy, and up to the last when that happens again and again.
constexpr base::Duration kFirstDirectPause = std::chrono::milliseconds(10);
constexpr base::Duration kLastDirectPause = std::chrono::minutes(1);

/// How an answer is waited for: on the io thread, when it is expected within microseconds, or by it.
enum class Patience : std::uint8_t { kDirect, kReactor };

class Child {
 public:
  static base::Result<std::shared_ptr<Child>> spawn(asio::any_io_executor executor,
                                                    const std::filesystem::path& program);
  explicit Child(process::ChildProcess process) : process_(std::move(process)) {}

  /// Errors: kInvalid with the policy's errors; kUnavailable or kTimeout when the child is no good any more.
  asio::awaitable<base::Result<Declared>> load(base::Clock& clock, const SourceFiles& files, RuntimeOptions options);

  void wake();
  /// One at a time. `periods`: the starts from which hooks may ask for the usage. Errors: the child is no good any
  /// more.
  asio::awaitable<base::Result<Verdict>> decide(base::Clock& clock, const job::Offer& offer, const job::Facts& facts,
                                                std::vector<base::WallTime> periods, bool explain, base::Duration limit,
                                                Patience patience = Patience::kDirect);

  /// The same for the hooks of `pause` and `budget`.
  asio::awaitable<base::Result<Sensed>> sense(base::Clock& clock, const job::MachineFacts& facts, base::WallTime now,
                                              base::Duration limit);

  /// In turn with `decide`. Errors: the child is no good any more.
  asio::awaitable<base::Result<logs::Rewritten>> rewrite(base::Clock& clock, std::vector<logs::LogFacts> records,
                                                         base::Duration limit);

  /// Runs the policy's tests, for at most `time`. Gives the errors of those that failed. Errors: the child is no good
  /// any more.
  asio::awaitable<base::Result<std::vector<std::string>>> test(base::Clock& clock, base::Duration time,
                                                               base::Duration limit);

  /// Ends the process once no decision needs it.
  void retire();
  void kill();
  asio::awaitable<process::ExitStatus> wait_exit() { return process_.wait_exit(); }
  pid_t pid() const { return process_.pid(); }

 private:
  class Asking;
  /// Sends `frame_`, which carries this number, and reads until its answer comes. `may_block`: an answer that is
  /// expected within microseconds is waited for on the io thread.
  template <class Answer>
  asio::awaitable<base::Result<Answer>> ask(base::Clock& clock, std::uint64_t id, base::Duration limit, bool may_block);
  asio::awaitable<base::Result<std::string>> read(base::Clock& clock, base::Duration limit);

  process::ChildProcess process_;
  std::string frame_;
  std::uint64_t last_id_ = 0;
  base::SteadyTime direct_from_{};
  base::Duration direct_pause_ = kFirstDirectPause;
  bool asking_ = false;
  bool retired_ = false;
};

/// Ends a child that was started and is not wanted in the end, also when what tries it is cancelled.
struct Candidate {
  std::shared_ptr<Child> child;
  bool wanted = false;
  ~Candidate() {
    if (!wanted) child->kill();
  }
};

}  // namespace policy::host
