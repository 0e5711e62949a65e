#pragma once
// The small HTTP routes as a function: registration, operator's approval, inputs of jobs, and the control routes /dev/.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desk/answer.h"
#include "desk/studio.h"

namespace server {

struct Request {
  std::string method;
  std::string path;
  std::map<std::string, std::string, std::less<>> query;
  std::string bearer;
  std::string body;
  std::string source;  // address of the peer
};

/// "/a/b?c=d%20e" into path and query, decoded.
void split_target(std::string_view target, Request& request);

/// `/graphics/api/workers/{id}/connect` and `.../jobs/{job}/complete`.
struct WorkerRoute {
  std::string worker;
  std::string job;  // empty for connect
};
std::optional<WorkerRoute> worker_route(std::string_view path);

/// The counters a `/dev/wait` asks for, and how long it waits.
struct Wait {
  std::map<std::string, std::uint64_t> conditions;
  std::uint64_t timeout_ms = 30'000;
};
/// Errors: a query value that is no number.
std::optional<Wait> parse_wait(const Request& request);

desk::Answer answer(desk::Studio& studio, const Request& request, base::SteadyTime now);

}  // namespace server
