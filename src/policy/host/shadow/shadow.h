#pragma once
// Shadow: a policy that is tried beside the one in force. It decides the same offers a moment later, in a child of its
// own, and what it says reaches nobody but the operator. Thread: io.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "job/usage.h"
#include "policy/host/child.h"
#include "policy/host/folder_watch.h"
#include "policy/host/reload.h"
#include "policy/records/tally.h"
#include "policy/shadow_report.h"

namespace policy::host {

struct ShadowOptions {
  std::filesystem::path path;  // file or folder
  std::filesystem::path host_program;
  RuntimeOptions runtime;
  base::Duration hard_limit;  // of one decision; then the child is killed
  base::Duration quiet;       // after the last change of the folder
  std::optional<base::Duration> look;
  asio::any_io_executor disk;
  std::function<void(const records::DecisionRecord&)> record;  // takes what it decided
};

class Shadow {
 public:
  static constexpr std::size_t kMostWaiting = 64;
  static constexpr base::Duration kRestartPause = std::chrono::seconds(1);

  Shadow(asio::any_io_executor executor, base::Clock& clock, ShadowOptions options);

  /// Errors: those of reading and loading the policy; it is over then.
  asio::awaitable<base::Status> start();
  /// The policy in force has decided this. Copies what it needs.
  void offer(const job::Offer& offer, const job::Facts& facts, const job::Decision& decision);
  ShadowReport report() const;
  const std::filesystem::path& path() const { return options_.path; }
  /// What decides.
  const SourceFiles& files() const { return files_; }
  /// Requires: awaited before it dies.
  asio::awaitable<void> stop();

 private:
  struct Waiting {
    records::DecisionRecord record;  // with the verdict of the policy in force
    std::optional<job::UsageTable> usage;
  };

  asio::awaitable<base::Status> load(SourceFiles files);
  asio::awaitable<void> attend(std::shared_ptr<Child> child);
  asio::awaitable<void> restart();
  asio::awaitable<void> follow(FolderWatch folder);
  asio::awaitable<void> work();
  asio::awaitable<Verdict> decide(const Waiting& one);

  asio::any_io_executor executor_;
  base::Clock& clock_;
  ShadowOptions options_;
  Reload reload_;
  SourceFiles files_;
  std::shared_ptr<Child> child_;
  std::optional<Declared> declared_;
  ShadowReport about_;  // without the tally
  records::Tally tally_;
  std::deque<Waiting> waiting_;
  base::Event arrived_;
  base::TaskGroup tasks_;
  base::TaskGroup children_;
};

}  // namespace policy::host
