#include "wire/frame.h"

#include <array>
#include <utility>

#include "wire/log_entry.h"

namespace wire {
namespace {

constexpr std::array<std::pair<std::string_view, FrameType>, 8> kTypes{{{"hello", FrameType::kHello},
                                                                        {"heartbeat", FrameType::kHeartbeat},
                                                                        {"accept", FrameType::kAccept},
                                                                        {"reject", FrameType::kReject},
                                                                        {"completeJson", FrameType::kCompleteJson},
                                                                        {"fail", FrameType::kFail},
                                                                        {"logBatch", FrameType::kLogBatch},
                                                                        {"readyForMore", FrameType::kReadyForMore}}};

/// Reads one frame's keys; `usable` turns false at the first key the frame cannot do without.
class Keys {
 public:
  Keys(json::object& object, std::string_view type, Problems& problems)
      : object_(object), type_(type), problems_(problems) {}

  std::string text(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return refuse(key, "is not a string"), std::string();
    return std::string(value->get_string());
  }

  std::optional<std::string> optional_text(std::string_view key) {
    return object_.contains(key) ? std::optional(text(key)) : std::nullopt;
  }

  bool flag(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) return refuse(key, "is not a boolean"), false;
    return value->get_bool();
  }

  json::value any(std::string_view key) {
    json::value* value = find(key);
    return value == nullptr ? json::value() : std::move(*value);
  }

  json::array list(std::string_view key) {
    json::value* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_array()) return refuse(key, "is not a list"), json::array();
    return std::move(value->get_array());
  }

  bool has_text_or_null(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || value->is_null()) return false;
    if (!value->is_string()) refuse(key, "is neither a string nor null");
    return true;
  }

  bool usable() const { return usable_; }

 private:
  json::value* find(std::string_view key) {
    json::value* value = object_.if_contains(key);
    if (value == nullptr) refuse(key, "is missing");
    return value;
  }

  void refuse(std::string_view key, std::string_view what) {
    usable_ = false;
    problems_.push_back({"frame-key", std::string(type_) + ": " + std::string(key) + " " + std::string(what)});
  }

  json::object& object_;
  std::string_view type_;
  Problems& problems_;
  bool usable_ = true;
};

void fill(Frame& frame, Keys& keys, Problems& problems) {
  switch (frame.type) {
    case FrameType::kHello:
      frame.token = keys.text("authToken");
      frame.capabilities = read_capabilities(keys.any("capabilities"), problems);
      break;
    case FrameType::kHeartbeat:
      frame.capabilities = read_capabilities(keys.any("capabilities"), problems);
      frame.has_current_job = keys.has_text_or_null("currentJobId");
      break;
    case FrameType::kAccept:
      frame.job = keys.text("jobId");
      break;
    case FrameType::kReject:
      frame.job = keys.text("jobId");
      frame.reason = keys.text("reason");
      frame.code = keys.optional_text("code");
      break;
    case FrameType::kCompleteJson:
      frame.job = keys.text("jobId");
      frame.result = keys.any("result");
      frame.prompt = keys.optional_text("prompt");
      break;
    case FrameType::kFail:
      frame.job = keys.text("jobId");
      frame.reason = keys.text("error");
      frame.retryable = keys.flag("retryable");
      break;
    case FrameType::kLogBatch:
      frame.entries = keys.list("entries");
      check_log_entries(frame.entries, problems);
      break;
    case FrameType::kReadyForMore:
    case FrameType::kUnknown:
      break;
  }
}

}  // namespace

Decoded decode(std::string_view text) {
  Decoded decoded;
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    decoded.problems.push_back({"frame-json", error ? error.message() : "the frame is not a JSON object"});
    return decoded;
  }
  const json::value* type = object->if_contains("type");
  if (type == nullptr || !type->is_string()) {
    decoded.problems.push_back({"frame-type", "the frame has no type"});
    return decoded;
  }
  Frame frame;
  frame.name = std::string(type->get_string());
  for (const auto& [name, known] : kTypes) {
    if (name == frame.name) frame.type = known;
  }
  if (frame.type == FrameType::kUnknown) decoded.problems.push_back({"frame-type", "unknown type " + frame.name});
  Keys keys(*object, frame.name, decoded.problems);
  fill(frame, keys, decoded.problems);
  if (keys.usable()) decoded.frame = std::move(frame);
  return decoded;
}

}  // namespace wire
