#pragma once
// Machine: the worker's own computer as models: an engine, a policy, and the journal as the world sees it.
// Thread: the simulation's.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/engine_pool.h"
#include "fakes/virtual_clock.h"
#include "history/journal.h"
#include "machine/sensors.h"
#include "policy/policy_host.h"
#include "simulation/network.h"
#include "simulation/plan.h"
#include "simulation/trace.h"

namespace simulation {

/// What the machine has on its disk, over all processes: which results a restart must find.
struct Shelf {
  std::map<std::string, std::string> produced;  // job -> folder; written, so that a kill cannot take it
  std::set<std::string> synced;                 // jobs of those that a power cut cannot take
};

class ModelEngines final : public engine::EnginePool {
 public:
  ModelEngines(Network& network, fakes::VirtualClock& clock, base::Random& random, Trace& trace, const Shelf& shelf,
               std::shared_ptr<const Life> life);

  engine::Roster roster() const override;
  const engine::Manifest* manifest(std::string_view engine, job::Kind kind) const override;
  std::optional<std::string> cannot_serve(std::string_view, job::Kind) const override { return std::nullopt; }
  asio::awaitable<std::variant<job::Artifacts, job::Failure>> run(
      engine::RunRequest request, std::function<void(const engine::Progress&)> progress) override;
  void set_hold(engine::Hold) override {}
  asio::awaitable<void> stop() override { co_return; }

  /// A plant: an engine that fails never comes back.
  void never_return() { never_return_ = true; }

 private:
  class Busy;
  base::Duration duration();
  std::variant<job::Artifacts, job::Failure> outcome(const engine::RunRequest& request);

  Network& network_;
  fakes::VirtualClock& clock_;
  base::Random& random_;
  Trace& trace_;
  const Shelf& shelf_;
  std::shared_ptr<const Life> life_;
  engine::Manifest manifest_;
  int running_ = 0;
  bool never_return_ = false;
};

/// Declines while the operator wants it so.
class ModelPolicy final : public policy::PolicyHost {
 public:
  ModelPolicy(fakes::VirtualClock& clock, base::Random& random, const bool& declines)
      : clock_(clock), random_(random), declines_(declines) {}

  asio::awaitable<base::Status> start() override { co_return base::Status(); }
  void wake() override {}
  asio::awaitable<job::Decision> decide(const job::Offer& offer, const job::Facts& facts) override;
  policy::VramLimit vram_limit(base::WallTime) override { return {}; }
  job::SensorSet watched() const override { return {}; }
  asio::awaitable<policy::pause::Pause> pause(const job::MachineFacts&, base::WallTime) override {
    co_return policy::pause::Pause();
  }
  asio::awaitable<base::Result<std::string>> rollback(std::optional<std::uint64_t>) override {
    co_return base::Error{base::Code::kNotFound, "no generation is kept"};
  }
  asio::awaitable<base::Result<std::string>> promote(bool /*shadow*/) override {
    co_return base::Error{base::Code::kNotFound, "no saved policy is held"};
  }
  asio::awaitable<base::Result<std::string>> shadow(std::filesystem::path /*path*/) override {
    co_return base::Error{base::Code::kNotFound, "no policy here"};
  }
  asio::awaitable<base::Result<std::string>> stop_shadow() override {
    co_return base::Error{base::Code::kNotFound, "no policy here"};
  }
  std::optional<policy::ShadowReport> shadow_report() const override { return std::nullopt; }
  policy::PolicyStatus status() const override { return {}; }
  void on_change(std::function<void(const policy::PolicyStatus&)>) override {}
  asio::awaitable<void> stop() override { co_return; }

 private:
  fakes::VirtualClock& clock_;
  base::Random& random_;
  const bool& declines_;
};

/// Nothing is measured in the simulated world.
class ModelSensors final : public machine::Sensors {
 public:
  std::vector<job::GpuFacts> probe_gpus() override { return {}; }
  job::MachineFacts read(job::SensorSet) override { return {}; }
};

/// The real journal, with notes of what it promised.
class WatchedJournal final : public history::Journal {
 public:
  WatchedJournal(std::unique_ptr<history::Journal> journal, Shelf& shelf, std::shared_ptr<const Life> life)
      : journal_(std::move(journal)), shelf_(shelf), life_(std::move(life)) {}

  base::Status accepted(const job::Offer& offer, const std::string& hash, base::WallTime at) override {
    return journal_->accepted(offer, hash, at);
  }
  base::Status produced(const history::Produced& result) override;
  base::Status closed(const job::Record& record) override;
  asio::awaitable<base::Status> sync() override;
  std::optional<history::Entry> find(const base::JobId& job) const override { return journal_->find(job); }
  std::vector<history::Produced> undelivered() const override { return journal_->undelivered(); }
  std::vector<base::JobId> abandoned() const override { return journal_->abandoned(); }
  const history::JournalCounters& counters() const override { return journal_->counters(); }
  const job::Usage& usage() const override { return journal_->usage(); }
  std::optional<base::Duration> typical_time(const job::Offer& offer) const override {
    return journal_->typical_time(offer);
  }
  base::Result<std::filesystem::path> make_job_folder(const base::JobId& job) override {
    return journal_->make_job_folder(job);
  }

  /// A plant: says that results are written, and writes nothing.
  void forget_results() { forgets_ = true; }

 private:
  std::unique_ptr<history::Journal> journal_;
  Shelf& shelf_;
  std::shared_ptr<const Life> life_;
  bool forgets_ = false;
};

}  // namespace simulation
