#pragma once
// The studio's frames as values: what arrives, what is sent, and their JSON. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "job/kind.h"
#include "job/offer.h"

namespace protocol {

/// The capabilities snapshot of hello, heartbeat and register-request. Sizes are GiB as on the wire.
struct Capabilities {
  std::string machine_name;
  std::string username;
  std::string agent_version;
  double vram_total_gb = 0;  // 0 = unknown
  double vram_threshold_gb = 0;
  bool auto_enabled = true;
  bool auto_start = false;
  bool auto_update = false;
  bool start_minimised = false;
  bool only_when_idle = false;
  std::optional<bool> user_idle;  // left out while unknown
  std::vector<std::pair<job::Kind, std::vector<std::string>>>
      models;  // in kind order; gives taskKinds, supportedModels*
  std::vector<std::string> model_engines;
  bool operator==(const Capabilities&) const = default;
};

struct LogEntry {
  std::string ts;  // RFC 3339, UTC, milliseconds
  base::log::Level level = base::log::Level::kInfo;
  std::string category;
  std::string message;
  std::optional<base::JobId> job;
  bool operator==(const LogEntry&) const = default;
};

// Worker -> studio
struct Hello {
  base::Secret auth_token;
  Capabilities capabilities;
};
struct Heartbeat {
  Capabilities capabilities;
  std::optional<base::JobId> current_job;
};
struct Accept {
  base::JobId job;
};
struct Reject {
  base::JobId job;
  std::string reason;
  job::RejectCode code = job::RejectCode::kNone;
};
struct CompleteJson {
  base::JobId job;
  std::string result;  // one JSON value, copied verbatim into the frame
  std::string prompt;
};
struct Fail {
  base::JobId job;
  std::string error;
  bool retryable = true;
};
struct LogBatch {
  std::vector<LogEntry> entries;
};
struct ReadyForMore {};
using ToStudio = std::variant<Hello, Heartbeat, Accept, Reject, CompleteJson, Fail, LogBatch, ReadyForMore>;

// Studio -> worker
struct Welcome {
  base::WorkerId worker;
  std::string server_time;
};
struct OfferFrame {
  job::Offer offer;
};
struct HeartbeatAck {};
struct CompleteAck {
  base::JobId job;
};
struct FailAck {
  base::JobId job;
};
struct ErrorFrame {
  std::string code;
  std::string message;
};
/// A type this worker does not know: counted and ignored.
struct UnknownFrame {
  std::string type;
};
/// Not acceptable, the link stays. With `offer`, the frame was an offer whose job id could be read: it is rejected.
struct BadFrame {
  std::string reason;
  std::optional<base::JobId> offer;
};
using ToWorker =
    std::variant<Welcome, OfferFrame, HeartbeatAck, CompleteAck, FailAck, ErrorFrame, UnknownFrame, BadFrame>;

/// Never fails: what cannot be read is a BadFrame or an UnknownFrame.
ToWorker decode(std::string_view frame);
std::string encode(const ToStudio& frame);

/// The other direction, for a studio, a simulation and tests. Errors: kInvalid with the key named.
base::Result<ToStudio> decode_from_worker(std::string_view frame);
/// A BadFrame has no form on the wire: it gives an empty text, which reads as a BadFrame again.
std::string encode_for_worker(const ToWorker& frame);

/// Checks a claim object on its own (an offer file of `policy explain`). Errors: kInvalid with the key named.
base::Result<job::Offer> decode_claim(std::string_view json);

/// The full prompt of contract 3.4 out of a task's JSON text.
std::string full_prompt(job::Kind kind, std::string_view task);

/// The extension that the task asks for ("webp", "png", ...), for naming only.
std::string requested_ext(job::Kind kind, std::string_view task);

/// The capabilities object alone, for the register-request body.
std::string encode_capabilities(const Capabilities& capabilities);

}  // namespace protocol
