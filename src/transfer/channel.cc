#include "transfer/channel.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

#include <boost/json.hpp>

namespace transfer {
namespace {

namespace json = boost::json;

constexpr std::uint32_t kFrameLimit = 64 * base::kMiB;

std::string text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::uint64_t number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (const auto* whole = value->if_uint64()) return *whole;
  const auto* whole = value->if_int64();
  return whole != nullptr && *whole > 0 ? static_cast<std::uint64_t>(*whole) : 0;
}

base::Duration millis(const json::object& object, std::string_view key) {
  constexpr std::uint64_t kLongest = 365ULL * 24 * 3600 * 1000;
  return std::chrono::milliseconds(std::min(number(object, key), kLongest));
}

Target target(const json::object& object) {
  return {text(object, "url"), base::Secret(text(object, "bearer")), text(object, "ca_file")};
}

Part part(const json::object& object) {
  return {text(object, "name"),     text(object, "text"),         text(object, "file"),
          text(object, "filename"), text(object, "content_type"), text(object, "xxh128")};
}

base::Result<Upload> upload(const json::object& object) {
  Upload wanted{target(object), {}, millis(object, "stall_limit")};
  const json::value* parts = object.if_contains("parts");
  if (parts == nullptr || !parts->is_array()) return base::Error{base::Code::kInvalid, "an upload without parts"};
  for (const json::value& entry : parts->get_array()) {
    if (!entry.is_object()) return base::Error{base::Code::kInvalid, "a part that is no object"};
    wanted.parts.push_back(part(entry.get_object()));
  }
  return wanted;
}

std::uint32_t frame_length(std::string_view head) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(head[i])); };
  return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
}

}  // namespace

base::Result<Request> decode_request(std::string_view frame) {
  if (frame.empty()) return Request{0, Probe{}};
  json::error_code failure;
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // file names and bodies are bytes
  const json::value value = json::parse(frame, failure, {}, options);
  if (failure || !value.is_object()) return base::Error{base::Code::kInvalid, "a frame that is no JSON object"};
  const json::object& object = value.get_object();
  const std::uint64_t id = number(object, "id");
  const std::string kind = text(object, "do");
  if (kind == "cancel") return Request{id, Cancel{}};
  if (kind == "send") {
    return Request{id, Send{target(object), text(object, "method"), text(object, "content_type"), text(object, "body"),
                            millis(object, "limit")}};
  }
  if (kind == "download") {
    return Request{id, Download{target(object), text(object, "destination"), number(object, "max_bytes"),
                                millis(object, "limit"), text(object, "user_agent")}};
  }
  if (kind != "upload") return base::Error{base::Code::kInvalid, "a frame of an unknown kind"};
  TRY(auto wanted, upload(object));
  return Request{id, std::move(wanted)};
}

std::string encode_answer(std::uint64_t id, const Answer& answer) {
  json::object object;
  object["id"] = id;
  if (answer.error) {
    object["error"] = base::to_string(answer.error->code);
    object["message"] = answer.error->message;
    return json::serialize(object);
  }
  object["status"] = answer.status;
  object["content_type"] = answer.content_type;
  object["body"] = answer.body;
  if (answer.retry_after) {
    object["retry_after"] = std::chrono::duration_cast<std::chrono::milliseconds>(*answer.retry_after).count();
  }
  object["sha256"] = answer.sha256;
  object["bytes"] = answer.bytes;
  return json::serialize(object);
}

bool Channel::fill() {
  std::array<char, 16384> chunk{};
  for (;;) {
    const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (got == 0) return false;
    incoming_.append(chunk.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < chunk.size()) return true;
  }
}

std::optional<base::Result<Request>> Channel::next() {
  if (incoming_.size() < 4) return std::nullopt;
  const std::uint32_t length = frame_length(incoming_);
  if (length > kFrameLimit) return base::Error{base::Code::kInvalid, "a frame above the size limit"};
  if (incoming_.size() < 4 + std::size_t{length}) return std::nullopt;
  auto request = decode_request(std::string_view(incoming_).substr(4, length));
  incoming_.erase(0, 4 + std::size_t{length});
  if (incoming_.empty() && incoming_.capacity() > base::kMiB) incoming_ = std::string();
  return request;
}

void Channel::send(std::string_view frame) {
  const auto length = static_cast<std::uint32_t>(frame.size());
  for (int shift = 0; shift < 32; shift += 8) outgoing_ += static_cast<char>(length >> shift & 255);
  outgoing_ += frame;
}

bool Channel::flush() {
  while (!outgoing_.empty()) {
    const ssize_t sent = ::send(socket_, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    outgoing_.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace transfer
