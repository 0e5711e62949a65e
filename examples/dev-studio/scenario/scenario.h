#pragma once
// What a run plays: the studio's settings, the jobs and the faults, as plain values.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace scenario {

namespace json = boost::json;

enum class Kind : std::uint8_t { kImage, kLlm, kStt, kTts, kVideo, kMesh };
std::string_view to_string(Kind kind);
std::optional<Kind> parse_kind(std::string_view name);
/// Kinds whose result is JSON and travels as `completeJson`; the others are uploaded.
bool has_json_result(Kind kind);

enum class Outcome : std::uint8_t { kDone, kDeclined, kFailed, kUnserved, kUnanswered, kUnfinished };
std::string_view to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view name);

/// One [[jobs]] table: `count` jobs of one shape.
struct Entry {
  Kind kind = Kind::kImage;
  std::uint64_t count = 1;
  std::string game = "harbour-tales";
  std::string asset = "harbour-tales/props/lantern";
  std::string model;
  std::string engine = "synthetic";
  double vram_gb = 1.5;
  std::string prompt = "a brass lantern";
  bool unique_prompts = true;
  std::uint64_t prompt_bytes = 0;
  std::uint64_t images = 0;
  json::object task;
  json::object model_source;
  std::string raw_claim;
  std::vector<Outcome> expect;  // empty = whatever happens
};

enum class Garbage : std::uint8_t { kCutJson, kArray, kUnknownType, kMissingKey, kUnknownEnum, kDeep, kEmpty, kBinary };
std::optional<Garbage> parse_garbage(std::string_view name);

/// "CODE@N": the code to play at the Nth event.
struct CodeAt {
  std::uint16_t code = 0;
  std::uint64_t at = 0;
};

struct Registration {
  enum class Mode : std::uint8_t { kApprove, kPending, kReject, kNotFound, kUnauthorized, kRateLimited };
  Mode mode = Mode::kApprove;
  /// Pending: polls until approval. Reject, not found, unauthorized: how many times. Rate limited: Retry-After.
  /// Absent: for ever (rate limited: 1 s).
  std::optional<std::uint64_t> count;
};

using Positions = std::set<std::uint64_t>;

/// Positions count from 1 over the whole run.
struct Faults {
  Positions drop_mid_job;
  std::uint64_t upload_503 = 0;
  std::uint64_t upload_html = 0;
  Positions cut_upload;
  std::optional<double> go_silent_after_s;
  Positions go_silent_job;
  Positions garbage;
  std::vector<Garbage> garbage_kinds{Garbage::kCutJson, Garbage::kArray, Garbage::kUnknownType, Garbage::kDeep};
  std::vector<CodeAt> close_with;
  bool bare_close = false;
  Positions offer_twice;
  Positions reoffer_done;
  Positions no_json_ack;
  std::vector<CodeAt> upgrade_status;
  Registration registration;
  bool rate_limit = false;
};

enum class Order : std::uint8_t { kRoundRobin, kSequence };

struct Settings {
  double heartbeat_timeout_s = 30;
  std::uint64_t max_attempts = 3;
  std::uint64_t max_soft_declines = 3;
  std::uint64_t reoffer_busy_ms = 0;
  bool offer_others_after_soft_decline = false;
  double pace_per_second = 0;
  Order order = Order::kRoundRobin;
  std::uint64_t linger_ms = 250;
  std::string job_prefix;  // empty: chosen at random, because a worker remembers the ids it has seen
  std::string worker_id;
  std::string auth_token;
};

struct Scenario {
  Settings studio;
  std::vector<Entry> jobs;
  Faults faults;
};

}  // namespace scenario
