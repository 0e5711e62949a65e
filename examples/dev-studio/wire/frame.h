#pragma once
// A frame from a worker (contract 2.5), decoded strictly and without the worker's own code.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "wire/capabilities.h"
#include "wire/problem.h"

namespace wire {

enum class FrameType : std::uint8_t {
  kHello,
  kHeartbeat,
  kAccept,
  kReject,
  kCompleteJson,
  kFail,
  kLogBatch,
  kReadyForMore,
  kUnknown,
};

/// Only the members of its type are filled.
struct Frame {
  FrameType type = FrameType::kUnknown;
  std::string name;  // the type as written
  std::string job;
  std::string token;
  std::string reason;                 // reject: reason, fail: error
  std::optional<std::string> code;    // reject
  std::optional<std::string> prompt;  // completeJson
  bool retryable = false;
  bool has_current_job = false;
  json::value result;
  Capabilities capabilities;
  json::array entries;
};

struct Decoded {
  /// Absent when the frame cannot be acted upon: no JSON object, or a key that it lives by is missing or mistyped.
  std::optional<Frame> frame;
  Problems problems;
};

Decoded decode(std::string_view text);

}  // namespace wire
