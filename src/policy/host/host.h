#pragma once
// Host: the daemon's PolicyHost. Decisions and children stand in policy_host.cc, changes of the policy in changes.cc.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/log.h"
#include "policy/generations/keeper.h"
#include "policy/host/child.h"
#include "policy/host/folder_watch.h"
#include "policy/host/reload.h"
#include "policy/host/shadow/shadow.h"
#include "policy/logs/log_router.h"
#include "policy/pause/hook_bound.h"
#include "policy/pause/memory.h"
#include "policy/policy_host.h"
#include "policy/records/recorder.h"

namespace policy {

using ChildPtr = std::shared_ptr<host::Child>;

/// A child with its policy loaded.
struct Started {
  ChildPtr child;
  host::Declared declared;
};

/// One at a time: whoever holds it has the turn.
class Turn {
 public:
  Turn(bool& taken, base::Event& over) : taken_(taken), over_(over) { taken_ = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    taken_ = false;
    over_.notify();
  }

 private:
  bool& taken_;
  base::Event& over_;
};

class Host final : public PolicyHost {
 public:
  Host(asio::any_io_executor executor, base::Clock& clock, PolicyOptions options);

  asio::awaitable<base::Status> start() override;
  void wake() override {
    if (active_ && declared_->has_hooks[HookEvent::kOffer]) active_->wake();
  }
  asio::awaitable<job::Decision> decide(const job::Offer& offer, const job::Facts& facts) override;
  VramLimit vram_limit(base::WallTime now) override;
  job::SensorSet watched() const override;
  asio::awaitable<pause::Pause> pause(const job::MachineFacts& facts, base::WallTime now) override;
  asio::awaitable<base::Result<std::string>> rollback(std::optional<std::uint64_t> number) override;
  asio::awaitable<base::Result<std::string>> promote(bool shadow) override;
  asio::awaitable<base::Result<std::string>> shadow(std::filesystem::path path) override;
  asio::awaitable<base::Result<std::string>> stop_shadow() override;
  std::optional<ShadowReport> shadow_report() const override;
  PolicyStatus status() const override;
  void on_change(std::function<void(const PolicyStatus&)> callback) override { callback_ = std::move(callback); }
  asio::awaitable<void> stop() override;

 private:
  RuntimeOptions runtime_options() const { return {.memory = options_.memory_limit, .time = options_.soft_limit}; }
  void changed() {
    if (callback_) callback_(status_);
  }

  asio::awaitable<base::Result<Started>> start_child(const SourceFiles& files);
  asio::awaitable<void> attend(ChildPtr child);
  void lose(const ChildPtr& child, std::string_view why);
  asio::awaitable<void> restart();
  asio::awaitable<void> wait_for_restart();

  asio::awaitable<void> watch(host::FolderWatch folder);
  asio::awaitable<void> restore();
  asio::awaitable<void> consider(base::Result<SourceFiles> files, std::string reason);
  void activate(Started started, SourceFiles files, std::string hash, std::uint64_t generation);
  void refuse(const base::Error& error);
  asio::awaitable<void> warn_of(rules::RuleSet rules, SourceFiles files);
  asio::awaitable<base::Result<std::string>> order(std::string name, asio::awaitable<base::Result<std::string>> work);
  asio::awaitable<base::Result<std::string>> go_back(std::optional<std::uint64_t> number);
  asio::awaitable<base::Result<std::string>> put_held_in_force(bool shadow);
  asio::awaitable<base::Result<std::string>> begin_shadow(std::filesystem::path path);
  asio::awaitable<base::Result<std::string>> stop_shadow_in_turn();
  asio::awaitable<base::Result<std::string>> end_shadow();

  asio::awaitable<std::string> failed_tests(ChildPtr candidate, const SourceFiles& files);

  /// What recorded offers say about a policy that was saved.
  struct Trial {
    std::string error;  // a hook failed on one
    std::string doubt;  // suddenly none of them would be accepted
  };
  asio::awaitable<Trial> try_out(ChildPtr candidate);
  asio::awaitable<std::optional<std::size_t>> accepted_by_active(const std::vector<records::DecisionRecord>& offers);
  void hold(SourceFiles files, std::string doubt);
  /// What a decision is asked for, and since when.
  struct Asked {
    const job::Offer& offer;
    const job::Facts& facts;
    base::SteadyTime since;
  };
  std::optional<job::Decision> decide_by_declarations(const Asked& asked);
  job::Decision finish(Verdict verdict, std::uint64_t generation, const Asked& asked);

  asio::awaitable<base::Result<logs::Rewritten>> rewrite(std::vector<logs::LogFacts> records);
  logs::LogRouter::Rewrite rewriter() {
    return [this](std::vector<logs::LogFacts> records) { return rewrite(std::move(records)); };
  }
  asio::awaitable<Sensed> sense(const job::MachineFacts& facts, base::WallTime now);

  asio::any_io_executor executor_;
  base::Clock& clock_;
  PolicyOptions options_;
  PolicyStatus status_;
  std::function<void(const PolicyStatus&)> callback_;

  ChildPtr active_;
  std::optional<host::Declared> declared_;  // of the policy in force
  SourceFiles good_;                        // what the active child runs; the files on disk may be broken meanwhile
  pause::Memory pauses_;
  pause::HookBound hook_bound_;
  std::string sense_error_;  // of the last reading, as long as it stays the same
  host::Reload reload_;
  generations::Keeper keeper_;
  records::Recorder recorder_;
  std::unique_ptr<host::Shadow> shadow_;
  SourceFiles held_;       // a save that waits for the operator; empty when none does
  bool changing_ = false;  // a save may come while a rollback loads
  base::Event change_;
  bool restarting_ = false;
  bool stopping_ = false;
  base::Event restarted_;
  bool deciding_ = false;  // the child has one channel
  base::Event turn_;

  base::TaskGroup tasks_;
  base::TaskGroup children_;  // one task for each child, until it is reaped
};

}  // namespace policy
