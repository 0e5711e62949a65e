#pragma once
// LogRouter: sends every record of the worker where the policy in force wants it, after its log hooks saw it.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/event.h"
#include "base/clock.h"
#include "base/log/file_output.h"
#include "base/log/router.h"
#include "base/result.h"
#include "policy/logs/hook_queue.h"
#include "policy/logs/log_table.h"

namespace policy::logs {

namespace asio = boost::asio;

/// Without a policy that says anything about logs it stays out of the way: base::log does not know it. The usual places
/// of a record are the console and, when it is meant for the studio, the studio.
class LogRouter final : public base::log::Router, public std::enable_shared_from_this<LogRouter> {
 public:
  /// Asks the hooks about a batch.
  using Rewrite = std::function<asio::awaitable<base::Result<Rewritten>>(std::vector<LogFacts>)>;
  using ToStudio = std::function<void(const base::log::Record&)>;

  /// `folder`: of the log files; made when the first one is written. `disk` runs one job at a time.
  LogRouter(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock, std::filesystem::path folder);

  /// Called on io. Set before the first policy is in force.
  void on_studio(ToStudio callback) { studio_ = std::move(callback); }

  /// What a policy that came into force says. Thread: io.
  void apply(std::vector<LogRule> rules, bool hooked);

  /// Asks the hooks and keeps the periods; until cancelled. Thread: io.
  asio::awaitable<void> run(Rewrite rewrite);
  /// Nothing routes any more: what still waits is written, by the hooks' answer if there is one. Requires: `run` ended.
  asio::awaitable<void> finish(Rewrite rewrite);

  /// Thread: any.
  void take(base::log::Record record) override;

  /// Log files that take no lines, and why. Thread: io.
  std::vector<std::string> problems() const;

 private:
  using Done = std::vector<HookQueue::Done>;

  std::vector<LogFacts> next_batch();
  asio::awaitable<bool> ask(const Rewrite& rewrite, std::vector<LogFacts> batch);
  void settle(const base::Result<Rewritten>& answer);
  base::SteadyTime tend();
  void close();
  void wake();

  // Under the lock.
  void write(Done records);
  void write_usual(const base::log::Record& record);
  void write_by_rules(const base::log::Record& record);
  void write_to(const LogRule& rule, const base::log::Record& record);
  void to_studio(const base::log::Record& record);
  void say_overdue(base::SteadyTime now);
  void open_files();

  asio::any_io_executor io_;
  asio::any_io_executor disk_;
  base::Clock& clock_;
  std::filesystem::path folder_;
  ToStudio studio_;
  base::Event wake_;

  mutable std::mutex mutex_;
  LogTable table_;
  HookQueue queue_;
  std::map<std::string, std::shared_ptr<base::log::FileOutput>> files_;
  bool hooked_ = false;
  bool told_ = false;  // of a failing hook of this policy
  bool installed_ = false;
  bool closed_ = false;
  base::SteadyTime asleep_until_{};
  base::SteadyTime tidy_at_{};
};

}  // namespace policy::logs
