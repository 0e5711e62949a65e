#include "server/app.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/files.h"
#include "base/log.h"
#include "server/http_connection.h"

namespace server {
namespace {

// A worker that does not answer the closing handshake must not hold up the end of the run.
constexpr std::chrono::milliseconds kGoodbye{500};
constexpr std::chrono::milliseconds kAfterAcceptError{100};

}  // namespace

App::App(asio::io_context& io, std::unique_ptr<desk::Studio> studio, AppOptions options, std::function<void()> on_end)
    : io_(io),
      studio_(std::move(studio)),
      options_(std::move(options)),
      on_end_(std::move(on_end)),
      timer_(io),
      end_timer_(io) {}

void App::apply(desk::Action& action) {
  if (auto* store = std::get_if<desk::Store>(&action)) {
    const auto status = base::write_file(options_.results / store->name, store->text, 0644);
    if (!status) base::log::error("results", status.error().message);
    return;
  }
  const auto link_of = [&](desk::SessionId session) {
    const auto found = links_.find(session);
    return found == links_.end() ? nullptr : found->second.get();
  };
  if (auto* send = std::get_if<desk::Send>(&action)) {
    if (Link* link = link_of(send->session)) link->send(std::move(send->text), send->binary, send->offer);
  } else if (auto* close = std::get_if<desk::Close>(&action)) {
    if (Link* link = link_of(close->session)) link->close(close->code, std::move(close->reason));
  } else if (auto* drop = std::get_if<desk::Drop>(&action)) {
    if (Link* link = link_of(drop->session)) link->drop();
  } else if (auto* silence = std::get_if<desk::Silence>(&action)) {
    if (Link* link = link_of(silence->session)) link->silence();
  }
}

void App::perform() {
  std::vector<desk::Action> actions = studio_->take_actions();
  for (desk::Action& action : actions) apply(action);
  for (Waiter* waiter : waiters_) {
    if (hold(waiter->conditions)) waiter->timer.cancel();
  }
  if (studio_->run_state() != desk::RunState::kRunning)
    end();
  else
    arm();
}

void App::arm() {
  const base::SteadyTime wake = studio_->next_wake();
  // A timer that fires early asks again, so only an earlier time is worth the call.
  if (armed_for_ && *armed_for_ <= wake) return;
  armed_for_ = wake;
  timer_.expires_at(wake);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || ending_) return;
    armed_for_.reset();
    studio_->on_time(now());
    perform();
  });
}

void App::link_down(desk::SessionId session) {
  links_.erase(session);
  if (ending_) stop_if_alone();
}

void App::stop_if_alone() {
  if (links_.empty()) io_.stop();
}

void App::end() {
  if (std::exchange(ending_, true)) return;
  timer_.cancel();
  on_end_();
  for (auto& [session, link] : links_) link->close(1001, "the studio ends");
  end_timer_.expires_after(kGoodbye);
  end_timer_.async_wait([this](const boost::system::error_code&) { io_.stop(); });
  stop_if_alone();
}

std::uint64_t App::counter(const std::string& name) const {
  // These two can fall again, so what counts is where they stand.
  if (name == "settled") return studio_->book().settled();
  if (name == "sessions_open") return studio_->welcomed();
  return studio_->record().counted(name);
}

bool App::hold(const Conditions& conditions) const {
  for (const auto& [name, value] : conditions) {
    if (counter(name) < value) return false;
  }
  return true;
}

asio::awaitable<bool> App::wait_for(Conditions conditions, std::chrono::milliseconds timeout) {
  if (hold(conditions)) co_return true;
  constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
  Waiter waiter{std::move(conditions), asio::steady_timer(io_, timeout)};
  waiters_.push_back(&waiter);
  co_await waiter.timer.async_wait(kToken);
  waiters_.remove(&waiter);
  co_return hold(waiter.conditions);
}

base::Result<asio::ip::tcp::acceptor> listen_on_loopback(asio::io_context& io, std::uint16_t port) {
  asio::ip::tcp::acceptor acceptor(io);
  boost::system::error_code error;
  const asio::ip::tcp::endpoint place(asio::ip::address_v4::loopback(), port);
  acceptor.open(place.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(place, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return acceptor;
  const bool taken = error == asio::error::address_in_use;
  return base::Error{taken ? base::Code::kConflict : base::Code::kUnavailable,
                     "cannot listen on 127.0.0.1:" + std::to_string(port) + ": " + error.message() +
                         (taken ? "; --port 0 picks a free one" : "")};
}

namespace {

asio::awaitable<void> accept_loop(App& app, asio::ip::tcp::acceptor& acceptor, base::TaskGroup& tasks) {
  constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
  asio::steady_timer pause(acceptor.get_executor());
  while (true) {
    auto [error, socket] = co_await acceptor.async_accept(kToken);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of descriptors: accepting at once again would only spin.
      base::log::warn("listen", error.message());
      pause.expires_after(kAfterAcceptError);
      co_await pause.async_wait(kToken);
      continue;
    }
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    tasks.spawn("connection", serve(app, std::move(socket)));
  }
}

}  // namespace

void accept_connections(App& app, asio::ip::tcp::acceptor& acceptor, base::TaskGroup& tasks) {
  tasks.spawn("accept", accept_loop(app, acceptor, tasks));
}

}  // namespace server
