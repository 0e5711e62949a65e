#pragma once
// The run: the machine of desk/, its clock, its timer, the connections that do what it says. Thread: the only one.

#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/async/task_group.h"
#include "base/result.h"
#include "desk/studio.h"

namespace server {

namespace asio = boost::asio;

/// One worker's WebSocket as the App uses it. None of these calls back into the App before it returns.
class Link {
 public:
  virtual ~Link() = default;
  virtual void send(std::string text, bool binary, std::optional<desk::JobIndex> offer) = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
  virtual void drop() = 0;
  virtual void silence() = 0;
};

struct AppOptions {
  std::filesystem::path results;  // empty: results are hashed and thrown away
  bool quick_ack = false;
};

/// Counters that must have reached these values: {"settled", 3}.
using Conditions = std::map<std::string, std::uint64_t>;

class App {
 public:
  /// `on_end` is called once, when the run is over and its report can be made.
  App(asio::io_context& io, std::unique_ptr<desk::Studio> studio, AppOptions options, std::function<void()> on_end);

  desk::Studio& studio() { return *studio_; }
  const AppOptions& options() const { return options_; }
  base::SteadyTime now() const { return std::chrono::steady_clock::now(); }

  /// Does what the machine has asked for. Call after every event given to it.
  void perform();

  void link_up(desk::SessionId session, std::shared_ptr<Link> link) { links_[session] = std::move(link); }
  void link_down(desk::SessionId session);

  /// True when every condition holds; false at the timeout.
  asio::awaitable<bool> wait_for(Conditions conditions, std::chrono::milliseconds timeout);

  /// A signal, or the machine's own end: closes every link, and stops the loop when they are gone.
  void end();

 private:
  struct Waiter {
    Conditions conditions;
    asio::steady_timer timer;
  };

  bool hold(const Conditions& conditions) const;
  std::uint64_t counter(const std::string& name) const;
  void arm();
  void apply(desk::Action& action);
  void stop_if_alone();

  asio::io_context& io_;
  std::unique_ptr<desk::Studio> studio_;
  AppOptions options_;
  std::function<void()> on_end_;
  asio::steady_timer timer_;
  asio::steady_timer end_timer_;
  std::optional<base::SteadyTime> armed_for_;
  std::map<desk::SessionId, std::shared_ptr<Link>> links_;
  std::list<Waiter*> waiters_;
  bool ending_ = false;
};

/// Listens on 127.0.0.1. Errors: kConflict when the port is taken, kUnavailable otherwise.
base::Result<asio::ip::tcp::acceptor> listen_on_loopback(asio::io_context& io, std::uint16_t port);

/// Accepts connections for as long as the loop runs.
void accept_connections(App& app, asio::ip::tcp::acceptor& acceptor, base::TaskGroup& tasks);

}  // namespace server
