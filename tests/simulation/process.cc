#include "simulation/process.h"

namespace simulation {
namespace {

/// Sends results twice, or loses heartbeats.
class PlantedLink final : public net::WebSocketLink {
 public:
  PlantedLink(std::unique_ptr<net::WebSocketLink> inner, Plant plant) : inner_(std::move(inner)), plant_(plant) {}
  asio::awaitable<net::LinkEvent> read() override { return inner_->read(); }
  base::Status send(std::string text, net::Priority priority) override {
    if (plant_ == Plant::kLostHeartbeat && text.find(R"("type":"heartbeat")") != std::string::npos) {
      if (++heartbeats_ % 40 > 37) return {};
    }
    if (plant_ == Plant::kDoubleDelivery && text.find(R"("type":"completeJson")") != std::string::npos) {
      CHECK_OK(inner_->send(text, priority));
    }
    return inner_->send(std::move(text), priority);
  }
  void ping() override { inner_->ping(); }
  base::Bytes queued() const override { return inner_->queued(); }
  asio::awaitable<void> close(std::uint16_t code, std::string reason, base::Duration limit) override {
    return inner_->close(code, std::move(reason), limit);
  }
  void abort() override { inner_->abort(); }

 private:
  std::unique_ptr<net::WebSocketLink> inner_;
  Plant plant_;
  int heartbeats_ = 0;
};

worker::WorkerOptions options_for(Plant plant) {
  worker::WorkerOptions options;
  options.identity = {"simulated", "nobody", "0.0.0"};
  if (plant == Plant::kTwoJobs) options.admission.max_jobs = 2;
  return options;
}

asio::awaitable<void> serve(worker::Worker& worker, std::optional<studio::LinkEnd>& end) {
  studio::Credentials credentials;
  credentials.worker = base::WorkerId("w-1");
  credentials.token = base::Secret("token");
  end = co_await worker.run(std::move(credentials));
}

}  // namespace

asio::awaitable<std::variant<std::unique_ptr<net::WebSocketLink>, net::ConnectFailure>> WatchedConnector::connect(
    net::ConnectTarget target, base::Duration limit) {
  connects_.push_back(clock_.now());
  auto outcome = co_await inner_->connect(std::move(target), limit);
  if (auto* link = std::get_if<std::unique_ptr<net::WebSocketLink>>(&outcome);
      link != nullptr && plant_ != Plant::kNone) {
    *link = std::make_unique<PlantedLink>(std::move(*link), plant_);
  }
  co_return outcome;
}

std::size_t WatchedConnector::recent() {
  const auto since = clock_.now() - std::chrono::minutes(5);
  while (!connects_.empty() && connects_.front() < since) connects_.pop_front();
  return connects_.size();
}

World::Process::Process(World& world, std::uint64_t number)
    : connector(world.network_.connector(life), world.clock_, world.plan_.plant),
      http(world.network_.http(life)),
      engines(world.network_, world.clock_, world.random_, world.trace_, world.shelf_, life),
      policy(world.clock_, world.random_, world.policy_declines_),
      tasks(world.io_.get_executor()) {
  life->number = number;
  if (world.plan_.plant == Plant::kLeakedLease) engines.never_return();
}

void World::Process::start(World& world) {
  const bool storm = world.plan_.plant == Plant::kStorm;
  base::Random& random = storm ? static_cast<base::Random&>(no_jitter) : world.worker_random_;
  worker.emplace(options_for(world.plan_.plant), *studio::Urls::parse("http://studio.example"),
                 worker::Outside{world.io_.get_executor(), world.io_.get_executor(), world.io_.get_executor(),
                                 world.clock_, random, connector, *http, *journal, engines, policy, sensors});
  tasks.spawn("worker", serve(*worker, end));
}

}  // namespace simulation
