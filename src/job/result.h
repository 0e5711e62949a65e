#pragma once
// What comes out of a job: Artifacts or a Failure on the way, a Record at the end.

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/ids.h"
#include "job/kind.h"

namespace job {

/// A result file in the job's folder.
struct FileResult {
  std::filesystem::path path;
  std::string ext;  // no dot
  base::Bytes bytes = 0;
};

/// A result that travels in a frame.
struct JsonResult {
  std::string text;  // one JSON value
};

using Artifacts = std::variant<FileResult, JsonResult>;

struct Failure {
  FailureClass failure = FailureClass::kCrashed;
  std::string message;
};

/// The studio has the result: by HTTP 2xx or by completeAck.
struct Receipt {
  base::Bytes bytes = 0;
};

enum class Outcome : std::uint8_t {
  kDelivered,   // the studio has it
  kFailed,      // a fail frame was sent
  kHandedBack,  // given back retryable on shutdown or preemption
  kSuperseded,  // the studio no longer wants it from us (409, claim lost)
};
std::string_view to_string(Outcome outcome);

struct Record {
  base::JobId job;
  base::GameId game;
  Kind kind = Kind::kImage;
  Outcome outcome = Outcome::kDelivered;
  std::string detail;  // failure text, empty when delivered
  base::Bytes bytes = 0;
  base::Duration ran{};    // engine time
  base::Duration total{};  // offer to settled
};

}  // namespace job
