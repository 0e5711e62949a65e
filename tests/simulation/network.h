#pragma once
// Network: connections and uploads between the worker under test and the studio model, with delays and breaks. Frames
// of one direction stay in order, as TCP keeps them. Thread: the simulation's.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fakes/virtual_clock.h"
#include "net/http_client.h"
#include "net/websocket_link.h"
#include "simulation/plan.h"
#include "simulation/studio.h"
#include "simulation/trace.h"

namespace simulation {

namespace asio = boost::asio;

/// One worker process. Nothing that a dead one does reaches the world.
struct Life {
  std::uint64_t number = 0;
  bool alive = true;
};

class Wire;

class Network {
 public:
  Network(const Plan& plan, fakes::VirtualClock& clock, base::Random& random, Trace& trace, Studio& studio)
      : plan_(plan), clock_(clock), random_(random), trace_(trace), studio_(studio) {}

  std::unique_ptr<net::WebSocketConnector> connector(std::shared_ptr<const Life> life);
  std::unique_ptr<net::HttpClient> http(std::shared_ptr<const Life> life);

  // Faults of the connection that is open
  void reset();
  void mute();
  void refuse_until(base::SteadyTime until) { refused_until_ = until; }
  /// The kernel tells the studio that the process is gone.
  void process_died();
  void calm_down();
  bool calm() const { return calm_; }

  /// One way, with this seed's jitter.
  base::Duration latency();
  /// True once in `every` while the fault belongs to this seed and the storm is not over.
  bool strikes(Fault fault, std::uint64_t every);

 private:
  friend class ModelConnector;
  friend class ModelHttp;

  const Plan& plan_;
  fakes::VirtualClock& clock_;
  base::Random& random_;
  Trace& trace_;
  Studio& studio_;
  std::shared_ptr<Wire> open_;
  base::SteadyTime refused_until_{};
  bool calm_ = false;
};

}  // namespace simulation
