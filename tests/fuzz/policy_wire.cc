// The frames between the worker and studio-policy-host, read as either side reads them.

#include "fuzz/fuzz.h"
#include "policy/host/protocol.h"

namespace {

using namespace policy::host;

std::string written(const LoadRequest& request) {
  std::string frame;
  encode_load(frame, request.files, request.options);
  return frame;
}
std::string written(const DecideRequest& request) {
  std::string frame;
  const auto periods = request.usage ? request.usage->starts() : std::vector<base::WallTime>();
  encode_decide(frame, request.id, request.explain, request.offer, request.facts, periods);
  return frame;
}
std::string written(const SenseRequest& request) {
  std::string frame;
  encode_sense(frame, request.id, request.facts, request.now);
  return frame;
}
std::string written(const LoadReply& reply) {
  std::string frame;
  if (reply.error.empty())
    encode_loaded(frame, reply.declared.rules, reply.declared.has_hooks);
  else
    encode_load_failure(frame, reply.error);
  return frame;
}
template <class Encoded>
std::string written(const Encoded& value) {
  std::string frame;
  encode(frame, value);
  return frame;
}

}  // namespace

/// Each value has one form only: what is read is written as the same bytes.
void fuzz::run(std::string_view input) {
  const auto request = decode_request(input);
  const auto reply = decode_reply(input);
  STUDIO_ASSERT(!request || !reply);
  if (request) require_same("a request", std::visit([](const auto& one) { return written(one); }, *request), input);
  if (reply) require_same("a reply", std::visit([](const auto& one) { return written(one); }, *reply), input);
}
