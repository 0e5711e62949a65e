#pragma once
// Session: the sans-I/O machine of one connection. Events and the time go in, actions come out. Pure; no clock.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/offer.h"
#include "protocol/frames.h"

namespace protocol {

struct SessionOptions {
  base::Duration heartbeat_every = std::chrono::seconds(5);
  base::Duration log_flush_every = std::chrono::seconds(1);
  base::Duration idle_limit = std::chrono::seconds(20);  // application frames only; pings do not count
  base::Duration ping_every = std::chrono::seconds(15);
  int bad_frames_in_a_row = 10;  // then the link is closed with 1002
};

/// What is dropped first when the send queue is full: logs, and only logs.
enum class Lane : std::uint8_t { kControl, kLogs };

/// Why a session ended, and so what comes next (contract 2.7, 2.8; design 7).
enum class End : std::uint8_t {
  kDisconnected,  // reconnect with backoff
  kDuplicate,     // 4003: another process has our identity
  kAuthFailed,    // terminal
  kRevoked,       // register again
  kFatal,         // terminal
  kStopped,       // we asked for it
};

// Actions, in the order in which the shell must perform them.
struct Send {
  std::string text;
  Lane lane = Lane::kControl;
  bool heartbeat = false;
};
struct SendPing {};
struct SendLogs {};  // take a batch from the ship queue and send it, if there is one
struct DeliverOffer {
  job::Offer offer;
};
struct Welcomed {
  base::WorkerId worker;
  std::string server_time;
};
struct Acknowledged {
  base::JobId job;
  bool complete = true;  // false: failAck
};
/// A line for the log and the studio (contract 11).
struct Note {
  base::log::Level level;
  std::string message;
  std::optional<base::JobId> job;
};
struct CloseLink {
  std::uint16_t code = 1000;
  std::string reason;
  bool peer_is_mute = false;  // nobody is there to answer the close frame
};
struct Ended {
  End end = End::kDisconnected;
  std::string reason;
};
using Action = std::variant<Send, SendPing, SendLogs, DeliverOffer, Welcomed, Acknowledged, Note, CloseLink, Ended>;
using Actions = std::vector<Action>;

struct SessionCounters {
  std::uint64_t frames = 0;
  std::uint64_t bad_frames = 0;
  std::uint64_t unknown_frames = 0;
  std::uint64_t rejected_unreadable = 0;
};

/// Requires: after an action Ended nothing is called any more.
class Session {
 public:
  Session(SessionOptions options, Capabilities capabilities);

  /// The link is up: hello goes out, the idle clock starts.
  Actions connected(base::Secret auth_token, base::SteadyTime now);
  Actions text(std::string_view frame, base::SteadyTime now);
  Actions binary(base::SteadyTime now);
  /// The peer closed, or the link failed (then code 0 and the failure as reason).
  Actions closed(std::uint16_t code, std::string_view reason);
  Actions tick(base::SteadyTime now);

  /// A change that the studio must see at once: a heartbeat goes out when anything differs (after welcome).
  Actions set_capabilities(Capabilities capabilities, base::SteadyTime now);
  /// What heartbeats say from now on. Only "none" goes out at once, for a studio may wait for it to offer again; of a
  /// job it knows by the accept.
  Actions set_current_job(std::optional<base::JobId> job, base::SteadyTime now);
  /// The ship queue is not empty any more: a flush is due within a second. Idempotent.
  void logs_waiting(base::SteadyTime now);
  /// SendLogs left entries behind (false: it emptied the queue).
  void logs_sent(bool more, base::SteadyTime now);
  /// The orderly end: close 1000 "session ended".
  Actions stop(std::string_view reason);

  bool welcomed() const { return welcomed_; }
  /// When `tick` must be called next. Nothing else keeps time.
  base::SteadyTime next_tick() const;
  const SessionCounters& counters() const { return counters_; }

 private:
  Actions refuse(BadFrame frame);
  static Actions before_welcome(const ToWorker& frame);
  static Actions after_welcome(ToWorker frame);
  Actions welcome(const Welcome& frame, base::SteadyTime now);
  Actions server_error(const ErrorFrame& frame);
  Action heartbeat(base::SteadyTime now);

  SessionOptions options_;
  Capabilities capabilities_;
  std::optional<base::JobId> current_job_;
  bool welcomed_ = false;
  int bad_in_a_row_ = 0;
  base::SteadyTime last_frame_{};
  base::SteadyTime idle_check_{};  // not later than last_frame_ + idle_limit; moved when it comes, not with each frame
  base::SteadyTime next_ping_{};
  base::SteadyTime next_heartbeat_{};
  std::optional<base::SteadyTime> next_flush_;  // only while logs wait
  SessionCounters counters_;
};

}  // namespace protocol
