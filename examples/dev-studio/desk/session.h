#pragma once
// One worker's connection as the studio sees it, and the things the shell must do for it.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "desk/job_book.h"
#include "wire/capabilities.h"

namespace desk {

/// One frame to write. `offer` names the job whose clock starts when the frame leaves.
struct Send {
  SessionId session = 0;
  std::string text;
  bool binary = false;
  std::optional<JobIndex> offer;
};
/// A close frame behind everything sent so far.
struct Close {
  SessionId session = 0;
  std::uint16_t code = 1000;
  std::string reason;
};
/// The TCP connection ends at once, without a close frame.
struct Drop {
  SessionId session = 0;
};
/// Nothing leaves any more, not even pongs; the connection stays open.
struct Silence {
  SessionId session = 0;
};
/// A JSON result for the results folder.
struct Store {
  std::string name;
  std::string text;
};
using Action = std::variant<Send, Close, Drop, Silence, Store>;

/// What was offered on this session and is not finished from the worker's point of view.
struct Owed {
  std::uint64_t answers = 0;     // offers without accept or reject so far
  std::uint64_t deliveries = 0;  // accepted repetitions: the worker may deliver them too
};

// Heartbeats come every 5 s; half an interval is room for a busy machine.
constexpr std::chrono::milliseconds kLongestGap{7500};

struct Session {
  enum class Phase : std::uint8_t { kOpen, kWelcomed, kEnding };

  SessionId id = 0;
  std::string worker;
  Phase phase = Phase::kOpen;
  bool silent = false;
  bool resting = false;  // after a soft decline: no offer before the next idle heartbeat
  std::optional<base::SteadyTime> rest_until;
  base::SteadyTime connected{};
  base::SteadyTime last_heartbeat{};  // or the welcome
  std::uint64_t heartbeats = 0;
  wire::Capabilities capabilities;
  std::optional<JobIndex> held;
  std::map<JobIndex, Owed> owed;
  std::string ended_by = "worker";
  std::optional<std::uint16_t> ordered_code;

  bool listens() const { return phase == Phase::kWelcomed && !silent; }
};

}  // namespace desk
