#include "simulation/network.h"

#include <utility>

#include "base/async/event.h"
#include "base/files.h"
#include "simulation/wire.h"

namespace simulation {

using namespace std::chrono_literals;

base::Duration Network::latency() {
  const base::Duration most = plan_.has(Fault::kSlowNetwork) && !calm_ ? 400ms : 20ms;
  return 100us + base::Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()))));
}

bool Network::strikes(Fault fault, std::uint64_t every) {
  return plan_.has(fault) && !calm_ && random_.below(every) == 0;
}

void Network::reset() {
  if (open_) open_->reset();
}

void Network::mute() {
  if (!open_) return;
  trace_.line("network", "the connection goes mute");
  open_->mute();
}

void Network::process_died() {
  if (open_) open_->worker_gone();
  open_.reset();
}

void Network::calm_down() {
  calm_ = true;
  refused_until_ = {};
}

class ModelConnector final : public net::WebSocketConnector {
 public:
  using Outcome = std::variant<std::unique_ptr<net::WebSocketLink>, net::ConnectFailure>;

  ModelConnector(Network& network, std::shared_ptr<const Life> life) : network_(network), life_(std::move(life)) {}

  asio::awaitable<Outcome> connect(net::ConnectTarget, base::Duration limit) override {
    network_.trace_.line("worker", "connects");
    auto& clock = network_.clock_;
    const bool hangs = network_.strikes(Fault::kRefuse, 20);
    const auto answer = clock.now() + (hangs ? limit : network_.latency() * 3);
    co_await clock.sleep_until(answer);
    if (hangs || clock.now() < network_.refused_until_) {
      co_return failure(0, hangs ? "no answer in time" : "connection refused");
    }
    if (network_.strikes(Fault::kRefuse, 10)) co_return failure(503, "not now");
    // The wire outlives this process.
    auto wire = std::make_shared<Wire>(network_.clock_, network_.studio_, life_,
                                       [&network = network_] { return network.latency(); });
    wire->open();
    network_.open_ = wire;
    co_return std::make_unique<ModelLink>(std::move(wire));
  }

 private:
  static net::ConnectFailure failure(unsigned status, std::string why) {
    return {base::Error{base::Code::kUnavailable, std::move(why)}, status, std::nullopt};
  }

  Network& network_;
  std::shared_ptr<const Life> life_;
};

class ModelHttp final : public net::HttpClient {
 public:
  using Outcome = base::Result<net::HttpResponse>;

  ModelHttp(Network& network, std::shared_ptr<const Life> life) : network_(network), life_(std::move(life)) {}

  asio::awaitable<Outcome> send(net::HttpRequest) override { co_return not_modelled(); }
  asio::awaitable<Outcome> download(net::DownloadRequest) override { co_return not_modelled(); }

  asio::awaitable<Outcome> upload(net::UploadRequest request) override {
    auto& clock = network_.clock_;
    const std::string job = request.parts.at(2).filename.substr(0, request.parts.at(2).filename.rfind('.'));
    network_.trace_.line("worker", "uploads " + job);
    const net::FormPart& field = request.parts.at(0);
    const auto prompt = field.file.empty() ? base::Result<std::string>(field.text) : base::read_file(field.file);
    const auto bytes = base::read_file(request.parts.at(2).file);
    if (!prompt || !bytes) co_return base::Error{base::Code::kNotFound, "a file to send is missing"};
    const auto arrival = clock.now() + network_.latency() * 4;
    co_await clock.sleep_until(arrival);
    const auto after = clock.now() + network_.latency();
    const bool refused = clock.now() < network_.refused_until_;
    if (refused || network_.strikes(Fault::kUploadLost, 5)) {
      co_await clock.sleep_until(after);
      co_return base::Error{base::Code::kUnavailable, "the connection broke"};
    }
    net::HttpResponse response;
    response.content_type = "application/json";
    if (network_.strikes(Fault::kUpload503, 4)) {
      response.status = 503;
    } else if (network_.strikes(Fault::kPortal, 8)) {
      response.status = 200;
      response.content_type = "text/html";
    } else {
      response.status = network_.studio_.complete(job, life_->number, *bytes, *prompt);
    }
    if (network_.strikes(Fault::kAnswerLost, 5)) {
      const auto stalled = clock.now() + request.stall_limit;
      co_await clock.sleep_until(stalled);
      co_return base::Error{base::Code::kUnavailable, "no bytes moved for too long"};
    }
    co_await clock.sleep_until(after);
    if (response.status == 200 && response.content_type != "text/html") network_.studio_.answered(job, life_->number);
    co_return response;
  }

 private:
  static base::Error not_modelled() { return {base::Code::kUnavailable, "only uploads are modelled"}; }

  Network& network_;
  std::shared_ptr<const Life> life_;
};

std::unique_ptr<net::WebSocketConnector> Network::connector(std::shared_ptr<const Life> life) {
  return std::make_unique<ModelConnector>(*this, std::move(life));
}

std::unique_ptr<net::HttpClient> Network::http(std::shared_ptr<const Life> life) {
  return std::make_unique<ModelHttp>(*this, std::move(life));
}

}  // namespace simulation
