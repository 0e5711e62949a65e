#pragma once
// World::Process: the worker under test with its models, plants included. Thread: the simulation's.

#include <deque>
#include <memory>
#include <utility>

#include "simulation/world.h"

namespace simulation {

/// A plant: backs off by nothing.
class NoJitter final : public base::Random {
 public:
  std::uint64_t below(std::uint64_t) override { return 0; }
};

/// Counts connects, and carries the plants of the link.
class WatchedConnector final : public net::WebSocketConnector {
 public:
  WatchedConnector(std::unique_ptr<net::WebSocketConnector> inner, const base::Clock& clock, Plant plant)
      : inner_(std::move(inner)), clock_(clock), plant_(plant) {}
  asio::awaitable<std::variant<std::unique_ptr<net::WebSocketLink>, net::ConnectFailure>> connect(
      net::ConnectTarget target, base::Duration limit) override;
  /// How many connects there were in the last five minutes.
  std::size_t recent();

 private:
  std::unique_ptr<net::WebSocketConnector> inner_;
  const base::Clock& clock_;
  Plant plant_;
  std::deque<base::SteadyTime> connects_;
};

struct World::Process {
  Process(World& world, std::uint64_t number);
  void start(World& world);

  std::shared_ptr<Life> life = std::make_shared<Life>();
  WatchedConnector connector;
  std::unique_ptr<net::HttpClient> http;
  ModelEngines engines;
  ModelPolicy policy;
  ModelSensors sensors;
  NoJitter no_jitter;
  std::unique_ptr<WatchedJournal> journal;
  std::optional<worker::Worker> worker;
  std::optional<studio::LinkEnd> end;
  bool terminating = false;
  base::TaskGroup tasks;
};

}  // namespace simulation
