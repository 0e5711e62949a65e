#pragma once
// Stand-ins for the worker's outside: an engine pool and a policy host that answer as a test tells them.

#include <deque>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include "base/async/event.h"
#include "engine/engine_pool.h"
#include "machine/sensors.h"
#include "policy/policy_host.h"

namespace fakes {

namespace asio = boost::asio;

/// Serves every kind of the wire engine `synthetic`. A run waits until the test finishes it.
class FakeEngines final : public engine::EnginePool {
 public:
  using Outcome = std::variant<job::Artifacts, job::Failure>;

  FakeEngines() {
    manifest_.name = "fake";
    manifest_.serves = {"synthetic"};
    manifest_.fetch_files = false;
    for (const auto kind : job::kAllKinds) manifest_.models[kind] = {"synthetic"};
  }

  engine::Roster roster() const override {
    engine::Roster roster;
    for (const auto& [kind, models] : manifest_.models) roster.models.emplace_back(kind, models);
    roster.model_engines = manifest_.serves;
    return roster;
  }
  const engine::Manifest* manifest(std::string_view engine, job::Kind) const override {
    return engine == "synthetic" ? &manifest_ : nullptr;
  }
  std::optional<std::string> cannot_serve(std::string_view engine, job::Kind) const override {
    if (engine == "synthetic") return std::nullopt;
    return "no `" + std::string(engine) + "` engine in this worker";
  }

  asio::awaitable<Outcome> run(engine::RunRequest request, std::function<void(const engine::Progress&)>) override {
    runs.push_back(request);
    auto& gate = gates_[request.job];
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    if (!gate.outcome) co_await gate.finished.wait();
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (!gate.outcome) co_return job::Failure{job::FailureClass::kCancelled, "cancelled"};
    Outcome outcome = *gate.outcome;
    gates_.erase(request.job);
    co_return outcome;
  }
  void set_hold(engine::Hold wanted) override { hold = wanted; }
  asio::awaitable<void> stop() override { co_return; }

  engine::Hold hold = engine::Hold::kWarm;

  void finish(const std::string& job, Outcome outcome) {
    auto& gate = gates_[base::JobId(job)];
    gate.outcome = std::move(outcome);
    gate.finished.notify();
  }
  /// Succeeds in the very moment in which it is cancelled.
  void finish_when_cancelled(const std::string& job, Outcome outcome) {
    gates_[base::JobId(job)].outcome = std::move(outcome);
  }
  void finish_json(const std::string& job) { finish(job, job::Artifacts(job::JsonResult{R"({"answer":1})"})); }
  /// A result that is too long for the journal, so that it becomes a file.
  void finish_long_json(const std::string& job) {
    finish(job, job::Artifacts(job::JsonResult{R"({"answer":")" + std::string(100'000, 'x') + R"("})"}));
  }
  /// Writes a file where the run asked for it.
  void finish_file(const std::string& job) {
    const auto path = runs.back().out_dir / "result.png";
    std::ofstream(path) << "picture";
    finish(job, job::Artifacts(job::FileResult{path, "png", 7}));
  }

  /// From now on they look for the files of a model.
  void reads_files() { manifest_.fetch_files = true; }
  /// From now on they want these inputs of a task as files.
  void reads_inputs(std::vector<std::string> names) { manifest_.inputs = std::move(names); }

  std::vector<engine::RunRequest> runs;

 private:
  struct Gate {
    std::optional<Outcome> outcome;
    base::Event finished;
  };
  engine::Manifest manifest_;
  std::map<base::JobId, Gate> gates_;
};

/// Accepts, unless told otherwise.
class FakePolicy final : public policy::PolicyHost {
 public:
  asio::awaitable<base::Status> start() override { co_return base::Status(); }
  void wake() override { ++wakes; }
  asio::awaitable<job::Decision> decide(const job::Offer& offer, const job::Facts& facts) override {
    asked.push_back(offer.id);
    told = facts;
    co_return verdict;
  }
  policy::VramLimit vram_limit(base::WallTime) override { return vram; }
  job::SensorSet watched() const override { return sensors; }
  asio::awaitable<policy::pause::Pause> pause(const job::MachineFacts& facts, base::WallTime) override {
    seen = facts;
    co_return pauses;
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
  void on_change(std::function<void(const policy::PolicyStatus&)> callback) override { changed = std::move(callback); }
  asio::awaitable<void> stop() override { co_return; }

  job::Decision verdict{.accepted = true};
  policy::VramLimit vram;
  job::SensorSet sensors;
  policy::pause::Pause pauses;
  job::MachineFacts seen;  // by `pause`
  std::function<void(const policy::PolicyStatus&)> changed;
  std::vector<base::JobId> asked;
  job::Facts told;  // with the last offer
  int wakes = 0;
};

class FakeSensors final : public machine::Sensors {
 public:
  std::vector<job::GpuFacts> probe_gpus() override {
    ++probes;
    return cards;
  }
  job::MachineFacts read(job::SensorSet wanted) override {
    asked.push_back(wanted);
    return facts;
  }

  job::MachineFacts facts;
  std::vector<job::SensorSet> asked;
  std::vector<job::GpuFacts> cards;
  int probes = 0;
};

}  // namespace fakes
