#include "worker/application.h"

#include <new>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/async/event_loop.h"
#include "base/files.h"
#include "base/log.h"
#include "config/exit_code.h"
#include "config/load.h"
#include "config/paths.h"
#include "config/save.h"
#include "control/client.h"
#include "control/server.h"
#include "machine/identity.h"
#include "machine/sensors.h"
#include "policy/logs/log_router.h"
#include "process/child_process.h"
#include "studio/registration.h"
#include "worker/worker.h"

namespace worker {
namespace {

using base::log::Level;

int exit_code(const base::Error& error) {
  switch (error.code) {
    case base::Code::kConflict:
      return config::kExitLocked;
    case base::Code::kInvalid:
    case base::Code::kCorrupt:
      return config::kExitConfiguration;
    default:
      return config::kExitOperatingSystem;
  }
}

int exit_code(studio::LinkEnd end) {
  switch (end) {
    case studio::LinkEnd::kStopped:
      return config::kExitOk;
    case studio::LinkEnd::kAuthFailed:
    case studio::LinkEnd::kRevoked:
      return config::kExitNotAuthorised;
    case studio::LinkEnd::kFatal:
      return config::kExitFailed;
    case studio::LinkEnd::kDuplicate:
      return config::kExitDuplicate;
    case studio::LinkEnd::kGaveUp:
      return config::kExitUnreachable;
  }
  return config::kExitFailed;
}

studio::Credentials credentials_of(const config::Settings& settings) {
  return {settings.worker_id, settings.auth_token, settings.install_id, settings.registration_request_id,
          settings.registration_secret};
}

std::vector<config::Change> changes_for(const studio::Credentials& credentials) {
  const auto change = [](std::string key, const std::string& value) -> config::Change {
    if (value.empty()) return {std::move(key), std::nullopt};
    return {std::move(key), config::toml_string(value)};
  };
  return {change("worker_id", credentials.worker.str()), change("auth_token", credentials.token.reveal()),
          change("install_id", credentials.install_id), change("registration_request_id", credentials.request_id),
          change("registration_secret", credentials.registration_secret.reveal())};
}

WorkerOptions worker_options(const config::Settings& settings, const RunLimits& limits, const std::string& version,
                             std::vector<job::GpuFacts> gpus) {
  WorkerOptions options;
  options.identity = {machine::host_name(), machine::user_name(), version};
  options.studio.reconnect_attempts = settings.ws_reconnect_attempts;
  options.studio.ca_file = settings.ca_file;
  options.inputs.user_agent = "studio-worker/" + version;
  options.inputs.models_root = settings.models_root;
  options.gpus = std::move(gpus);
  options.admission.max_jobs = settings.max_jobs;
  options.admission.vram_threshold_gb = settings.vram_threshold_gb;
  options.admission.vram_total = job::total_memory(options.gpus);
  options.auto_enabled = settings.auto_enabled;
  options.auto_update = settings.auto_update_enabled;
  options.start_minimised = settings.start_minimised;
  options.only_when_idle = settings.only_when_idle;
  options.config_name = settings.config_file.filename().string();
  options.drain_timeout = settings.drain_timeout;
  options.stop_after_jobs = limits.jobs;
  if (limits.idle_exit) options.idle_exit = *limits.idle_exit;
  return options;
}

policy::PolicyOptions policy_options(const config::Settings& settings, std::vector<job::GpuFacts> cards,
                                     asio::any_io_executor disk, std::shared_ptr<policy::logs::LogRouter> logs) {
  policy::PolicyOptions options;
  options.logs = std::move(logs);
  options.path = settings.policy;
  options.host_program = process::sibling_program("studio-policy-host");
  options.data = config::policy_data_folder(settings.state_folder);
  options.disk = std::move(disk);
  options.cards = std::move(cards);
  return options;
}

/// A record as the studio takes it: the job apart, what else is known as a part of the text.
studio::LogLine to_studio(const base::log::Record& record) {
  studio::LogLine line{record.time, record.level, record.category, record.message, std::nullopt};
  std::vector<base::log::Field> others;
  for (const base::log::Field& field : record.fields) {
    if (field.key == "job")
      line.job = base::JobId(field.value);
    else
      others.push_back(field);
  }
  if (!others.empty()) line.message += " " + base::log::to_text(others);
  return line;
}

/// Every part of the daemon, in the order in which each needs the one before.
class Application {
 public:
  Application(const config::Settings& settings, const RunLimits& limits, const std::string& version, studio::Urls urls,
              std::unique_ptr<history::Journal> journal, asio::io_context& io, asio::any_io_executor disk)
      : settings_(settings),
        version_(version),
        urls_(urls),
        clock_(base::make_system_clock()),
        random_(base::make_system_random()),
        connector_(net::make_websocket_connector(io.get_executor())),
        http_(net::make_http_client(
            io.get_executor(), *clock_,
            {.transfer_program = process::sibling_program("studio-transfer"), .ca_file = settings.ca_file})),
        journal_(std::move(journal)),
        engines_(
            engine::make_engine_pool(io.get_executor(), *clock_, load_manifests(), settings.state_folder / "engines")),
        logs_(std::make_shared<policy::logs::LogRouter>(io.get_executor(), disk, *clock_,
                                                        settings.state_folder / "logs")),
        sensors_(machine::make_sensors()),
        cards_(sensors_->probe_gpus()),
        policy_(policy::make_policy_host(io.get_executor(), *clock_, policy_options(settings, cards_, disk, logs_))),
        worker_(worker_options(settings, limits, version, cards_), urls,
                {io.get_executor(), std::move(disk), sensing_.get_executor(), *clock_, *random_, *connector_, *http_,
                 *journal_, *engines_, *policy_, *sensors_}),
        signals_(io, SIGTERM, SIGINT, SIGQUIT),
        tasks_(io.get_executor()) {
    logs_->on_studio([this](const base::log::Record& record) { worker_.link().ship(to_studio(record)); });
  }

  base::Status listen(asio::io_context& io) {
    const auto socket = control::socket_path(settings_.runtime_folder, settings_.config_file);
    TRY(control_, control::ControlServer::listen(io.get_executor(), *clock_, socket, worker_));
    return {};
  }

  asio::awaitable<void> run(int& code) {
    tasks_.spawn("signals", watch_signals());
    const auto started = co_await policy_->start();
    if (!started) {
      base::log::error("policy", "the policy host cannot be started", {{"why", started.error().message}});
      code = config::kExitOperatingSystem;
    } else {
      tasks_.spawn("control", control_->run());
      code = co_await serve();
    }
    tasks_.cancel_all();
    co_await tasks_.wait();
    co_await engines_->stop();
    co_await policy_->stop();
    co_await control_->stop();
    // Their tasks would keep the io thread alive: an idle transfer program for a minute, a connection for seconds.
    http_.reset();
    control_.reset();
    if (interrupted_) code = config::kExitInterrupted;
    base::log::info("worker", "ended", {{"exit", code}});
  }

 private:
  std::vector<engine::Manifest> load_manifests() const {
    auto engines = config::load_engines(settings_.engines);
    for (const auto& warning : engines.warnings) base::log::warn("config", warning);
    if (engines.manifests.empty()) base::log::warn("config", "no engine was found; nothing can be served");
    return std::move(engines.manifests);
  }

  /// Registers where needed, and again when the studio revoked us.
  asio::awaitable<int> serve() {
    auto credentials = credentials_of(settings_);
    for (;;) {
      if (!credentials.complete()) {
        auto registered = co_await register_worker(credentials);
        if (!registered) co_return stopping_ ? config::kExitOk : config::kExitNotAuthorised;
        credentials = std::move(*registered);
      }
      const auto end = co_await worker_.run(credentials);
      if (end != studio::LinkEnd::kRevoked || stopping_) co_return exit_code(end);
      put_aside(credentials);
      credentials = {};
      if (const auto saved = save(credentials); !saved) co_return exit_code(saved.error());
    }
  }

  asio::awaitable<std::optional<studio::Credentials>> register_worker(studio::Credentials credentials) {
    using namespace asio::experimental::awaitable_operators;
    studio::Registration registration(
        {}, urls_, *http_, *clock_, [this](const studio::Credentials& changed) { return save(changed); },
        [this](Level level, std::string text) { worker_.link().note(level, std::move(text)); });
    worker_.set_registration([&registration] { return registration.state(); });
    auto capabilities = worker_.capabilities();
    capabilities.auto_enabled = true;
    auto race =
        registration.run(std::move(credentials), std::move(capabilities), "studio-worker/" + version_) || stop_.wait();
    auto outcome = co_await std::move(race);
    worker_.set_registration([state = registration.state()] { return state; });
    if (auto* approved = std::get_if<studio::Approved>(&outcome)) co_return std::move(approved->credentials);
    if (auto* rejected = std::get_if<studio::Rejected>(&outcome)) {
      base::log::error("worker",
                       "the studio rejected this worker; ask its operators, then run: studio-worker register --reset",
                       {{"reason", rejected->reason}});
    }
    co_return std::nullopt;
  }

  base::Status save(const studio::Credentials& credentials) {
    return config::save(settings_, changes_for(credentials));
  }

  /// What a revoked worker was called is kept, in case somebody has to ask the studio about it.
  void put_aside(const studio::Credentials& credentials) {
    const auto path = settings_.config_file.parent_path() / "credentials.revoked";
    const std::string text = "worker_id = " + config::toml_string(credentials.worker.str()) +
                             "\nauth_token = " + config::toml_string(credentials.token.reveal()) +
                             "\ninstall_id = " + config::toml_string(credentials.install_id) + "\n";
    if (const auto written = base::write_file_atomically(path, text, 0600); !written) {
      base::log::warn("worker", "the revoked credentials could not be kept", {{"why", written.error().message}});
    }
  }

  asio::awaitable<void> watch_signals() {
    for (int count = 1;; ++count) {
      const auto [failure, number] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (failure) co_return;
      const char* name = ::sigabbrev_np(number);
      stopping_ = true;
      stop_.notify();
      if (count > 1 || number == SIGQUIT) {
        interrupted_ = true;
        base::log::warn("worker", "stopping at once", {{"signal", name}});
        worker_.shut_down_now();
      } else {
        worker_.shut_down(std::string("SIG") + name);
      }
    }
  }

  const config::Settings& settings_;
  const std::string& version_;
  studio::Urls urls_;
  std::unique_ptr<base::Clock> clock_;
  std::unique_ptr<base::Random> random_;
  std::unique_ptr<net::WebSocketConnector> connector_;
  std::unique_ptr<net::HttpClient> http_;
  std::unique_ptr<history::Journal> journal_;
  std::unique_ptr<engine::EnginePool> engines_;
  std::shared_ptr<policy::logs::LogRouter> logs_;
  std::unique_ptr<machine::Sensors> sensors_;
  std::vector<job::GpuFacts> cards_;
  std::unique_ptr<policy::PolicyHost> policy_;
  asio::thread_pool sensing_{1};
  Worker worker_;
  std::unique_ptr<control::ControlServer> control_;
  asio::signal_set signals_;
  bool stopping_ = false;
  bool interrupted_ = false;
  base::Event stop_;
  base::TaskGroup tasks_;
};

int failed(const base::Error& error) {
  base::log::error("worker", error.message);
  return exit_code(error);
}

/// One worker per configuration folder: two would share an identity and evict each other for ever.
base::Result<base::UniqueFd> lock(const config::Settings& settings) {
  CHECK_OK(base::make_private_folder(settings.config_file.parent_path()));
  auto held = base::lock_file(settings.config_file.parent_path() / "daemon.lock");
  if (!held && held.error().code == base::Code::kConflict) {
    return std::move(held).error().within("another worker runs with this configuration");
  }
  return held;
}

/// Nothing that the journal holds is lost by an end at any moment, and whoever starts the worker starts it again.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kWords = "studio-worker: out of memory\n";
  static_cast<void>(!::write(STDERR_FILENO, kWords.data(), kWords.size()));
  ::_exit(config::kExitOperatingSystem);
}

/// A batch thread that wakes up takes no processor from a thread that runs: removing the last job's folder can wait,
/// the engine that makes the next result should not.
void let_others_go_first() {
  constexpr sched_param kNoPriority{};
  ::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &kNoPriority);
}

}  // namespace

int run_application(const config::Settings& settings, const RunLimits& limits, const std::string& version) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  // A file size limit is then an error of the write like a full disk, not the end of the process.
  ::signal(SIGXFSZ, SIG_IGN);
  std::set_new_handler(&end_without_memory);
  auto urls = studio::Urls::parse(settings.api_base_url);
  if (!urls) return failed(urls.error());
  const auto held = lock(settings);
  if (!held) return failed(held.error());
  asio::io_context io{1};
  asio::thread_pool disk{1};
  asio::post(disk, &let_others_go_first);
  auto journal = history::Journal::open({.folder = settings.state_folder}, disk.get_executor());
  if (!journal) return failed(journal.error());
  base::log::info("worker", "started", {{"version", version}, {"config", settings.config_file.string()}});
  int code = config::kExitFailed;
  {
    Application application(settings, limits, version, std::move(*urls), std::move(*journal), io, disk.get_executor());
    if (const auto listening = application.listen(io); !listening) return failed(listening.error());
    base::TaskGroup main(io.get_executor());
    main.spawn("main", application.run(code));
    base::run_event_loop(io);
    // The tasks' frames refer to the application: they must be gone before it is.
    while (main.size() > 0 && io.poll() > 0) {
    }
  }
  disk.join();
  return code;
}

}  // namespace worker
