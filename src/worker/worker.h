#pragma once
// Worker: the daemon without its surroundings: session, jobs, pause, drain. Everything outside comes in through
// interfaces, so that it runs unchanged in a simulation. Thread: io.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "admission/ledger.h"
#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/clock.h"
#include "control/operator.h"
#include "engine/engine_pool.h"
#include "history/journal.h"
#include "job/decision.h"
#include "net/http_client.h"
#include "net/websocket_link.h"
#include "policy/policy_host.h"
#include "studio/studio_link.h"
#include "studio/uploader.h"
#include "worker/delivery.h"
#include "worker/house_rules.h"
#include "worker/inputs.h"
#include "worker/job_pipeline.h"
#include "worker/watch/card_watch.h"
#include "worker/watch/pause_watch.h"
#include "worker/watch/trace.h"

namespace worker {

namespace asio = boost::asio;

struct Identity {
  std::string machine_name;
  std::string username;
  std::string version;
};

struct WorkerOptions {
  Identity identity;
  studio::StudioOptions studio;
  InputOptions inputs;
  admission::AdmissionOptions admission;
  std::vector<job::GpuFacts> gpus;  // as found at start
  bool auto_enabled = true;
  bool auto_update = true;
  bool start_minimised = true;
  bool only_when_idle = false;
  std::string config_name = "config.toml";
  base::Duration drain_timeout = std::chrono::seconds(30);
  std::optional<std::uint64_t> stop_after_jobs;  // settled jobs
  std::optional<base::Duration> idle_exit;       // connected, and no job for this long
};

/// What the worker stands on. Borrowed; outlives it.
struct Outside {
  asio::any_io_executor io;
  asio::any_io_executor disk;
  asio::any_io_executor sensing;  // where sensors may block
  base::Clock& clock;
  base::Random& random;
  net::WebSocketConnector& connector;
  net::HttpClient& http;
  history::Journal& journal;
  engine::EnginePool& engines;
  policy::PolicyHost& policy;
  machine::Sensors& sensors;
};

class Worker final : public control::Operator {
 public:
  Worker(WorkerOptions options, studio::Urls urls, Outside outside);

  /// Serves until drained, stopped or refused for good. kStopped covers every orderly end.
  asio::awaitable<studio::LinkEnd> run(studio::Credentials credentials);

  /// SIGTERM: stop claiming, finish within the drain limit, hand the rest back, settle, close.
  void shut_down(std::string reason);
  /// A second signal: the running job is cancelled and nothing is waited for.
  void shut_down_now();

  // control::Operator
  std::string status() const override;
  void pause(std::optional<base::Duration> for_time) override;
  void resume() override;
  asio::awaitable<base::Result<std::string>> carry_out(control::PolicyOrder order) override;
  std::string shadow() const override;
  control::TraceKept trace_kept() const override { return trace_.kept(); }
  asio::awaitable<control::TraceEvent> trace(std::uint64_t from) override { return trace_.event(from); }
  std::string trace_end() const override { return trace_.end(); }
  void drain() override { begin_drain("worker is draining", std::nullopt); }

  protocol::Capabilities capabilities() const;
  studio::StudioLink& link() { return link_; }
  /// "pending operator approval (request rr-1)"; shown by `status`.
  void set_registration(std::function<std::string()> state) { registration_ = std::move(state); }

 private:
  asio::awaitable<void> take_offers();
  asio::awaitable<void> supervise();
  asio::awaitable<void> deliver_leftovers();
  void close_leftover(const history::Produced& result, job::Outcome outcome, std::string detail);
  asio::awaitable<void> stopped_or(base::SteadyTime limit);
  asio::awaitable<void> end_pause(base::SteadyTime until);
  asio::awaitable<void> finish();
  void begin_drain(std::string reason, std::optional<base::Duration> limit);
  void policy_changed(const policy::PolicyStatus& status);
  base::WallTime apply_vram_limit();
  asio::awaitable<void> follow_vram_limit();
  void follow_pause();
  void follow_cards();
  void hand_back_jobs(const std::string& reason);
  void refresh();
  void jobs_changed();
  std::optional<base::SteadyTime> next_deadline() const;

  WorkerOptions options_;
  Outside outside_;
  Trace trace_;
  HouseRules rules_;
  admission::Ledger ledger_;
  JobTable jobs_;
  studio::StudioLink link_;
  studio::Uploader uploader_;
  Inputs inputs_;
  Delivery delivery_;
  JobPipeline pipeline_;
  PauseWatch pause_watch_;
  CardWatch card_watch_;
  std::function<std::string()> registration_;
  std::string policy_summary_;
  base::SteadyTime started_;
  base::SteadyTime idle_since_;
  std::optional<base::SteadyTime> drain_until_;
  bool policy_pauses_ = false;
  bool now_ = false;
  std::string shutdown_reason_;
  base::Event changed_;
  base::Event policy_changed_;
  base::TaskGroup::TaskId pause_task_ = 0;
  base::TaskGroup tasks_;      // offers, supervision
  base::TaskGroup pipelines_;  // last: ends first
};

}  // namespace worker
