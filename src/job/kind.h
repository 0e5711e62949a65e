#pragma once
// The closed lists of the wire: task kinds, reject codes, failure classes, and their spelling.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace job {

/// In the order in which a worker advertises them.
enum class Kind : std::uint8_t { kImage, kLlm, kAudioStt, kAudioTts, kVideo, kMesh };
inline constexpr std::array kAllKinds = {Kind::kImage,    Kind::kLlm,   Kind::kAudioStt,
                                         Kind::kAudioTts, Kind::kVideo, Kind::kMesh};

std::string_view to_string(Kind kind);
std::optional<Kind> parse_kind(std::string_view text);

/// llm and audio_stt results are JSON frames; every other kind uploads a file.
constexpr bool is_json_kind(Kind kind) {
  return kind == Kind::kLlm || kind == Kind::kAudioStt;
}

/// kNone: the reason will not change here, so the studio offers the job elsewhere. The others: later, perhaps.
enum class RejectCode : std::uint8_t { kNone, kBusy, kPaused, kInsufficientMemory };

/// Empty for kNone: the key is left out then.
std::string_view to_string(RejectCode code);

enum class FailureClass : std::uint8_t {
  kBadRequest,
  kModelMissing,
  kModelLoadFailed,
  kOomVram,
  kOomRam,
  kCrashed,
  kStalled,
  kTimeout,
  kCancelled,
  kPreempted,
  kInputFetchFailed,
  kUnsupported,
  kUploadFailed,
  kDiskFull,
};

std::string_view to_string(FailureClass failure);
std::optional<FailureClass> parse_failure_class(std::string_view text);

/// Whether the job may succeed elsewhere or later; decides `retryable` of the fail frame.
bool is_retryable(FailureClass failure);

}  // namespace job
