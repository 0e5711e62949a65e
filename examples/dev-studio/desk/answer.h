#pragma once
// What an HTTP route answers, before it becomes bytes, and what an upload comes to.

#include <cstdint>
#include <optional>
#include <string>

#include <boost/json.hpp>

namespace desk {

struct Answer {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::optional<std::uint64_t> retry_after;
};

inline Answer json_answer(unsigned status, const boost::json::object& body) {
  return {.status = status, .body = boost::json::serialize(body)};
}

inline Answer error_answer(unsigned status, const std::string& message) {
  return json_answer(status, {{"error", message}});
}

/// What to do with an upload that begins.
struct UploadPlan {
  bool store = false;  // otherwise: read the body away and answer
  bool cut = false;    // end the connection in the middle of the body
  Answer answer;
};

/// How an upload ended: the answer, and the name to keep the file under (empty: throw it away).
struct UploadEnd {
  Answer answer;
  std::string keep_as;
};

}  // namespace desk
