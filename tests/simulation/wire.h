#pragma once
// Wire: one connection, and ModelLink, the worker's end of it. Thread: the simulation's.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/async/event.h"
#include "simulation/network.h"

namespace simulation {

class Wire final : public StudioWire, public std::enable_shared_from_this<Wire> {
 public:
  Wire(fakes::VirtualClock& clock, Studio& studio, std::shared_ptr<const Life> life,
       std::function<base::Duration()> latency)
      : clock_(clock), studio_(studio), life_(std::move(life)), latency_(std::move(latency)) {}

  void open() { session_ = studio_.opened(shared_from_this()); }
  std::uint64_t life() const override { return life_->number; }

  // The studio's end
  void say(std::string text) override { to_worker(net::TextMessage{std::move(text)}); }
  void close(std::uint16_t code, std::string reason) override { to_worker(net::Closed{code, std::move(reason)}); }

  // The worker's end
  bool worker_open() const { return worker_open_ && life_->alive; }
  void send(std::string text) {
    to_studio([text = std::move(text)](Studio& studio, std::uint64_t session) { studio.heard(session, text); });
  }
  void leave() {
    if (!std::exchange(worker_open_, false)) return;
    to_studio([](Studio& studio, std::uint64_t session) { studio.closed(session); });
  }
  asio::awaitable<net::LinkEvent> read() { return inbound_.pop(); }

  // What happens to both
  void mute() { mute_ = true; }
  void reset() {
    mute_ = true;  // nothing that was under way arrives
    generation_ += 1;
    deliver_to_worker(net::Closed{0, "connection reset by peer"}, clock_.now() + latency_());
    tell_studio_of_the_end();
  }
  /// The process is gone: what it had sent arrives, then the end.
  void worker_gone() {
    worker_open_ = false;
    to_studio([](Studio& studio, std::uint64_t session) { studio.closed(session); });
  }

 private:
  template <class What>
  void to_studio(What what) {
    if (mute_) return;
    studio_next_ = std::max(studio_next_, clock_.now() + latency_());
    clock_.call_at(studio_next_, [self = shared_from_this(), generation = generation_, what = std::move(what)] {
      if (generation == self->generation_) what(self->studio_, self->session_);
    });
  }
  void to_worker(net::LinkEvent event) {
    if (mute_) return;
    worker_next_ = std::max(worker_next_, clock_.now() + latency_());
    deliver_to_worker(std::move(event), worker_next_);
  }
  void deliver_to_worker(net::LinkEvent event, base::SteadyTime at) {
    clock_.call_at(at, [self = shared_from_this(), generation = generation_, event = std::move(event)]() mutable {
      if (generation == self->generation_ && self->worker_open()) self->inbound_.push(std::move(event));
    });
  }
  void tell_studio_of_the_end() {
    clock_.call_at(clock_.now() + latency_(), [self = shared_from_this()] { self->studio_.closed(self->session_); });
  }

  fakes::VirtualClock& clock_;
  Studio& studio_;
  std::shared_ptr<const Life> life_;
  std::function<base::Duration()> latency_;
  base::Mailbox<net::LinkEvent> inbound_;
  std::uint64_t session_ = 0;
  std::uint64_t generation_ = 0;  // what was sent before a reset is lost
  bool worker_open_ = true;
  bool mute_ = false;
  base::SteadyTime studio_next_{};
  base::SteadyTime worker_next_{};
};

class ModelLink final : public net::WebSocketLink {
 public:
  explicit ModelLink(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ModelLink(const ModelLink&) = delete;
  ModelLink& operator=(const ModelLink&) = delete;
  ~ModelLink() override { wire_->leave(); }

  asio::awaitable<net::LinkEvent> read() override { return wire_->read(); }
  base::Status send(std::string text, net::Priority) override {
    if (!wire_->worker_open()) return base::Error{base::Code::kUnavailable, "the link is over"};
    wire_->send(std::move(text));
    return {};
  }
  void ping() override {}
  base::Bytes queued() const override { return 0; }
  asio::awaitable<void> close(std::uint16_t, std::string, base::Duration) override {
    wire_->leave();
    co_return;
  }
  void abort() override { wire_->leave(); }

 private:
  std::shared_ptr<Wire> wire_;
};

}  // namespace simulation
