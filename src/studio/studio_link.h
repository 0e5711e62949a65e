#pragma once
// StudioLink: the session with the studio over all its reconnects. Offers are pulled, verdicts pushed. Thread: io.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/async/event.h"
#include "base/clock.h"
#include "base/ids.h"
#include "job/kind.h"
#include "job/offer.h"
#include "net/websocket_link.h"
#include "protocol/session.h"
#include "studio/about_job.h"
#include "studio/backoff.h"
#include "studio/log_queue.h"
#include "studio/registration.h"
#include "studio/urls.h"

namespace studio {

struct StudioOptions {
  protocol::SessionOptions session;
  base::Duration connect_limit = std::chrono::seconds(15);
  base::Duration close_limit = std::chrono::seconds(5);
  /// After 4003: long enough that two workers with one identity never evict each other in a loop.
  base::Duration duplicate_pause = std::chrono::minutes(4);
  unsigned reconnect_attempts = 0;  // in a row; 0 = forever
  std::string ca_file;
};

/// Why `run` returned.
enum class LinkEnd : std::uint8_t { kStopped, kAuthFailed, kRevoked, kFatal, kDuplicate, kGaveUp };

enum class LinkState : std::uint8_t { kWaitingForApproval, kConnecting, kConnected, kReconnecting, kEnded };
std::string_view to_string(LinkState state);

/// Numbers one session of this process. A claim is only good on the session it was accepted on.
using SessionNumber = std::uint64_t;

struct OfferedJob {
  job::Offer offer;
  SessionNumber session = 0;
};

struct LinkStatus {
  LinkState state = LinkState::kWaitingForApproval;
  std::string detail;  // the last reason for not being connected
  base::WorkerId worker;
  std::uint64_t sessions = 0;
  std::optional<base::SteadyTime> connected_since;
  protocol::SessionCounters counters;  // over all sessions
  std::size_t logs_queued = 0;
  std::uint64_t logs_dropped = 0;
};

class StudioLink {
 public:
  StudioLink(StudioOptions options, Urls urls, net::WebSocketConnector& connector, base::Clock& clock,
             base::Random& random);

  /// Connects, serves sessions and reconnects until something final happens.
  asio::awaitable<LinkEnd> run(Credentials credentials);
  /// The orderly end: close 1000; `run` returns kStopped.
  void stop();

  /// The next offer, in the order of the wire. One reader.
  asio::awaitable<OfferedJob> next_offer();

  /// Sent on the present session, inside the call. Errors: kUnavailable when `session` is over: the job must not run.
  base::Status accept(const base::JobId& job, SessionNumber session);
  base::Status reject(const base::JobId& job, SessionNumber session, job::RejectCode code, std::string reason);
  base::Status complete_json(const base::JobId& job, SessionNumber session, std::string result, std::string prompt);
  base::Status fail(const base::JobId& job, SessionNumber session, std::string error, bool retryable);

  /// Waits for completeAck or failAck. Errors: kUnavailable when `session` ended first.
  asio::awaitable<base::Status> acknowledged(base::JobId job, SessionNumber session);

  /// 0 while there is none.
  SessionNumber session() const { return session_ ? number_ : 0; }
  /// Woken whenever a session begins or ends.
  base::Event& session_changed() { return session_changed_; }

  void set_capabilities(protocol::Capabilities capabilities);
  const protocol::Capabilities& capabilities() const { return capabilities_; }
  void set_current_job(std::optional<base::JobId> job);

  /// A line for the log and for the studio, unless a policy routes it elsewhere.
  void note(base::log::Level level, std::string message, const std::optional<AboutJob>& about = std::nullopt);
  /// A line for the studio alone.
  void ship(LogLine line);
  /// Called when a frame that looks like an offer arrived, before it is parsed.
  void on_offer_frame(std::function<void()> callback) { offer_frame_ = std::move(callback); }

  LinkStatus status() const;
  const std::string& address_in_use() const { return urls_.base(); }

 private:
  struct AckWait {
    std::optional<base::Status> outcome;
    base::Event arrived;
  };

  asio::awaitable<protocol::Ended> serve(base::Secret token);
  asio::awaitable<void> read_loop();
  asio::awaitable<void> tick_loop();
  asio::awaitable<void> pause(base::Duration delay);
  std::optional<LinkEnd> final_end(const protocol::Ended& ended);
  std::optional<protocol::Ended> refused(const net::ConnectFailure& failure);
  void perform(protocol::Actions actions);
  void perform_one(protocol::Action action);
  void send_logs();
  void end_session();
  void rearm();
  base::Status send(const protocol::ToStudio& frame, SessionNumber session);

  StudioOptions options_;
  Urls urls_;
  net::WebSocketConnector& connector_;
  base::Clock& clock_;
  Backoff backoff_;
  LogQueue logs_;
  protocol::Capabilities capabilities_;
  std::optional<base::JobId> current_job_;
  std::function<void()> offer_frame_;

  std::unique_ptr<net::WebSocketLink> link_;
  std::optional<protocol::Session> session_;
  SessionNumber number_ = 0;
  std::optional<protocol::CloseLink> close_;
  std::optional<protocol::Ended> ended_;
  base::SteadyTime armed_until_{};
  base::Event rearm_;
  base::Event session_changed_;
  base::Mailbox<OfferedJob> offers_;
  std::map<base::JobId, std::shared_ptr<AckWait>> acks_;

  bool stopping_ = false;
  bool evicted_before_ = false;
  base::Event stop_;
  LinkStatus status_;
};

}  // namespace studio
