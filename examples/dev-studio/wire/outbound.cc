#include "wire/outbound.h"

#include <boost/json.hpp>

namespace wire {
namespace {

namespace json = boost::json;

// Deeper than any parser of JSON should follow.
constexpr std::size_t kDeep = 5000;

}  // namespace

std::string welcome(std::string_view worker, std::string_view server_time) {
  return json::serialize(json::object{{"type", "welcome"}, {"workerId", worker}, {"serverTime", server_time}});
}

std::string heartbeat_ack() {
  return R"({"type":"heartbeatAck"})";
}

std::string complete_ack(std::string_view job) {
  return json::serialize(json::object{{"type", "completeAck"}, {"jobId", job}});
}

std::string fail_ack(std::string_view job) {
  return json::serialize(json::object{{"type", "failAck"}, {"jobId", job}});
}

std::string error(std::string_view code, std::string_view message) {
  return json::serialize(json::object{{"type", "error"}, {"code", code}, {"message", message}});
}

std::string offer(std::string_view claim) {
  std::string text = R"({"type":"offer","claim":)";
  text += claim;
  text += '}';
  return text;
}

std::string garbage(scenario::Garbage kind) {
  using scenario::Garbage;
  switch (kind) {
    case Garbage::kCutJson:
      return R"({"type":"offer","claim":{"jobId":"cut)";
    case Garbage::kArray:
      return R"([{"type":"heartbeatAck"}])";
    case Garbage::kUnknownType:
      return R"({"type":"tideTable","high":"06:12"})";
    case Garbage::kMissingKey:
      return R"({"type":"completeAck"})";
    case Garbage::kUnknownEnum:
      return R"({"type":"error","code":"high_tide","message":"an error code nobody knows"})";
    case Garbage::kDeep:
      return std::string(kDeep, '[') + std::string(kDeep, ']');
    case Garbage::kEmpty:
      return {};
    case Garbage::kBinary:
      return std::string("\x00\x01\xfe\xff", 4);
  }
  return {};
}

std::string_view error_code_for(std::uint16_t close_code) {
  switch (close_code) {
    case 4001:
      return "auth_failed";
    case 4002:
      return "protocol_violation";
    case 4003:
      return "duplicate_worker";
    case 4004:
      return "worker_deleted";
    default:
      return {};
  }
}

}  // namespace wire
