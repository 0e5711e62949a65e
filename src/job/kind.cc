#include "job/kind.h"

#include <utility>

#include "job/kind_names.h"

namespace job {
namespace {

constexpr std::array<std::string_view, 14> kFailureNames = {"bad_request",
                                                            "model_missing",
                                                            "model_load_failed",
                                                            "oom_vram",
                                                            "oom_ram",
                                                            "crashed",
                                                            "stalled",
                                                            "timeout",
                                                            "cancelled",
                                                            "preempted",
                                                            "input_fetch_failed",
                                                            "unsupported",
                                                            "upload_failed",
                                                            "disk_full"};

}  // namespace

std::string_view to_string(Kind kind) {
  return kKindNames.at(static_cast<std::size_t>(kind));
}

std::optional<Kind> parse_kind(std::string_view text) {
  for (const Kind kind : kAllKinds) {
    if (to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string_view to_string(RejectCode code) {
  switch (code) {
    case RejectCode::kNone:
      return "";
    case RejectCode::kBusy:
      return "busy";
    case RejectCode::kPaused:
      return "paused";
    case RejectCode::kInsufficientMemory:
      return "insufficient_memory";
  }
  return "";
}

std::string_view to_string(FailureClass failure) {
  return kFailureNames.at(static_cast<std::size_t>(failure));
}

std::optional<FailureClass> parse_failure_class(std::string_view text) {
  for (std::size_t i = 0; i < kFailureNames.size(); ++i) {
    if (kFailureNames.at(i) == text) return static_cast<FailureClass>(i);
  }
  return std::nullopt;
}

bool is_retryable(FailureClass failure) {
  return failure != FailureClass::kBadRequest && failure != FailureClass::kUnsupported;
}

}  // namespace job
