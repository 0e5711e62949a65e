#pragma once
// The frames between the daemon and studio-policy-host: small binary records, strictly read on both sides.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "job/usage.h"
#include "policy/logs/log_facts.h"
#include "policy/policy_runtime.h"
#include "policy/rules/rule_set.h"

namespace policy::host {

// A frame without content wakes the child and means nothing.

struct LoadRequest {
  SourceFiles files;
  RuntimeOptions options;
};

struct DecideRequest {
  std::uint64_t id = 0;
  bool explain = false;
  job::Offer offer;  // only what a policy may see
  job::Facts facts;
  std::unique_ptr<job::UsageTable> usage;  // what facts.usage points at
};

struct SenseRequest {
  std::uint64_t id = 0;
  base::WallTime now;
  job::MachineFacts facts;  // without the sources
};

/// Log records for the log hooks.
struct RewriteRequest {
  std::uint64_t id = 0;
  base::WallTime now;
  std::vector<logs::LogFacts> records;
};

/// Runs the tests of the loaded policy, on a copy of it.
struct TestRequest {
  std::uint64_t id = 0;
  base::Duration time{};  // all of them together
};

/// What the daemon needs of a loaded policy: it decides by the declared rules itself and asks the child for the hooks.
struct Declared {
  rules::RuleSet rules{rules::Zone::utc()};
  PerEvent<bool> has_hooks;
};

struct LoadReply {
  std::string error;  // empty = loaded
  Declared declared;  // of a policy that is
};

struct DecideReply {
  std::uint64_t id = 0;
  Verdict verdict;
};

struct SenseReply {
  std::uint64_t id = 0;
  Sensed sensed;
};

struct RewriteReply {
  std::uint64_t id = 0;
  logs::Rewritten rewritten;
};

struct TestReply {
  std::uint64_t id = 0;
  std::vector<std::string> errors;  // "file:line: text", one for each test that failed; the first ones of many
};

using Request = std::variant<LoadRequest, DecideRequest, SenseRequest, RewriteRequest, TestRequest>;
using Reply = std::variant<LoadReply, DecideReply, SenseReply, RewriteReply, TestReply>;

void encode_load(std::string& frame, const SourceFiles& files, const RuntimeOptions& options);
/// `periods`: the starts from which the usage is told; strictly rising.
void encode_decide(std::string& frame, std::uint64_t id, bool explain, const job::Offer& offer, const job::Facts& facts,
                   const std::vector<base::WallTime>& periods);
void encode_load_failure(std::string& frame, std::string_view error);
void encode_loaded(std::string& frame, const rules::RuleSet& rules, const PerEvent<bool>& has_hooks);
void encode(std::string& frame, const DecideReply& reply);
void encode_sense(std::string& frame, std::uint64_t id, const job::MachineFacts& facts, base::WallTime now);
void encode(std::string& frame, const SenseReply& reply);
void encode(std::string& frame, const RewriteRequest& request);
void encode(std::string& frame, const RewriteReply& reply);
void encode(std::string& frame, const TestRequest& request);
void encode(std::string& frame, const TestReply& reply);

/// Nothing when the frame is not exactly one well-formed record.
std::optional<Request> decode_request(std::string_view frame);
std::optional<Reply> decode_reply(std::string_view frame);

}  // namespace policy::host
