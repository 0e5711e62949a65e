#include "net/transfer_wire.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <utility>

#include <boost/json.hpp>

namespace net {
namespace {

namespace json = boost::json;

std::int64_t millis(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

json::object start(std::uint64_t id, std::string_view kind, const std::string& url, const std::string& ca_file) {
  json::object object;
  object["id"] = id;
  object["do"] = kind;
  object["url"] = url;
  object["ca_file"] = ca_file;
  return object;
}

std::string text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// A negative number counts as 0.
std::uint64_t number(const json::object& object, std::string_view key, std::uint64_t most = UINT64_MAX) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (const auto* whole = value->if_uint64()) return std::min(*whole, most);
  const auto* whole = value->if_int64();
  return whole == nullptr || *whole < 0 ? 0 : std::min(static_cast<std::uint64_t>(*whole), most);
}

base::Code code_named(std::string_view name) {
  using base::Code;
  static constexpr std::array kCodes = {Code::kInvalid,  Code::kNotFound,    Code::kRejected, Code::kUnauthorized,
                                        Code::kConflict, Code::kUnavailable, Code::kTimeout,  Code::kCancelled,
                                        Code::kCorrupt,  Code::kExhausted,   Code::kInternal};
  const auto* const found =
      std::find_if(kCodes.begin(), kCodes.end(), [&](Code code) { return base::to_string(code) == name; });
  return found == kCodes.end() ? Code::kInternal : *found;
}

HttpResponse response(const json::object& object) {
  constexpr std::uint64_t kLongest = 365ULL * 24 * 3600 * 1000;  // a year; nanoseconds must hold it
  HttpResponse answer;
  answer.status = static_cast<int>(number(object, "status", INT_MAX));
  answer.content_type = text(object, "content_type");
  answer.body = text(object, "body");
  if (object.contains("retry_after"))
    answer.retry_after = std::chrono::milliseconds(number(object, "retry_after", kLongest));
  answer.sha256 = text(object, "sha256");
  answer.bytes = number(object, "bytes");
  return answer;
}

}  // namespace

base::Secret encode_request(std::uint64_t id, const HttpRequest& request, const std::string& ca_file) {
  json::object object = start(id, "send", request.url, ca_file);
  object["bearer"] = request.bearer.reveal();
  object["method"] = request.method;
  object["content_type"] = request.content_type;
  object["body"] = request.body;
  object["limit"] = millis(request.limit);
  return base::Secret(json::serialize(object));
}

base::Secret encode_request(std::uint64_t id, const UploadRequest& request, const std::string& ca_file) {
  json::object object = start(id, "upload", request.url, ca_file);
  object["bearer"] = request.bearer.reveal();
  object["stall_limit"] = millis(request.stall_limit);
  json::array parts;
  for (const FormPart& part : request.parts) {
    json::object entry;
    entry["name"] = part.name;
    entry["text"] = part.text;
    entry["file"] = part.file.string();
    entry["filename"] = part.filename;
    entry["content_type"] = part.content_type;
    entry["xxh128"] = part.xxh128;
    parts.push_back(std::move(entry));
  }
  object["parts"] = std::move(parts);
  return base::Secret(json::serialize(object));
}

base::Secret encode_request(std::uint64_t id, const DownloadRequest& request, const std::string& ca_file) {
  json::object object = start(id, "download", request.url, ca_file);
  object["destination"] = request.destination.string();
  object["max_bytes"] = request.max_bytes;
  object["limit"] = millis(request.limit);
  object["user_agent"] = request.user_agent;
  return base::Secret(json::serialize(object));
}

std::string encode_cancel(std::uint64_t id) {
  json::object object;
  object["id"] = id;
  object["do"] = "cancel";
  return json::serialize(object);
}

base::Result<TransferAnswer> decode_answer(std::string_view frame) {
  json::error_code failure;
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // a body is bytes
  const json::value value = json::parse(frame, failure, {}, options);
  if (failure || !value.is_object()) return base::Error{base::Code::kCorrupt, "an answer that is no JSON object"};
  const json::object& object = value.get_object();
  const std::uint64_t id = number(object, "id");
  if (object.contains("error")) {
    return TransferAnswer{id, base::Error{code_named(text(object, "error")), text(object, "message")}};
  }
  return TransferAnswer{id, response(object)};
}

}  // namespace net
