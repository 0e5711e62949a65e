#include "base/log.h"
#include "protocol/claim.h"
#include "protocol/fields.h"
#include "protocol/frames.h"

namespace protocol {
namespace {

constexpr double kMaxVramGb = 1e6;

std::string place_of(std::string_view key) {
  return std::string("capabilities.").append(key);
}

base::Result<std::vector<std::string>> names(Fields& fields, std::string_view key, bool required) {
  const auto array = required ? fields.raw(key, JsonKind::kArray)
                              : fields.maybe_raw(key, Need::kOptional, JsonKind::kArray).value_or("[]");
  CHECK_OK(fields.status());
  return read_strings(array, place_of(key), kName);
}

/// A kind of `taskKinds` without models stays in the list, so that what was sent can be sent again.
base::Status read_models(Fields& fields, Capabilities& capabilities) {
  CHECK_OK(names(fields, "supportedModels", true));
  TRY(const auto kinds, names(fields, "taskKinds", false));
  const auto per_kind = fields.maybe_raw("supportedModelsPerKind", Need::kOptional, JsonKind::kObject).value_or("{}");
  CHECK_OK(fields.status());
  Fields lists(per_kind, {"capabilities.supportedModelsPerKind", {}});
  for (const std::string& name : kinds) {
    const auto kind = job::parse_kind(name);
    if (!kind) {
      return base::Error{base::Code::kInvalid,
                         "capabilities.taskKinds names an unknown kind: " + base::log::printable(name, 100)};
    }
    const auto list = lists.maybe_raw(name, Need::kOptional, JsonKind::kArray).value_or("[]");
    CHECK_OK(lists.status());
    TRY(auto models, read_strings(list, place_of("supportedModelsPerKind." + name), kName));
    capabilities.models.emplace_back(*kind, std::move(models));
  }
  TRY(capabilities.model_engines, names(fields, "modelEngines", false));
  return lists.status();
}

base::Result<Capabilities> read_capabilities(std::string_view text) {
  Fields fields(text, {"capabilities", {}});
  Capabilities c;
  c.machine_name = fields.text("machineName", kLabel);
  c.username = fields.text("username", kLabel);
  c.agent_version = fields.text("agentVersion", kName);
  fields.text("engine", kName);
  c.vram_total_gb = fields.number("vramTotalGb", 0, kMaxVramGb);
  c.vram_threshold_gb = fields.number("vramThresholdGb", 0, kMaxVramGb);
  c.auto_enabled = fields.flag("autoEnabled");
  c.auto_start = fields.flag("autoStart");
  c.auto_update = fields.maybe_flag("autoUpdate", Need::kOptional).value_or(false);
  c.start_minimised = fields.maybe_flag("startMinimised", Need::kOptional).value_or(false);
  c.only_when_idle = fields.maybe_flag("onlyWhenIdle", Need::kOptional).value_or(false);
  if (const auto presence = fields.maybe_text("userPresence", Need::kNullable, kName)) {
    if (*presence != "idle" && *presence != "active") fields.fail("userPresence", "must be \"idle\" or \"active\"");
    c.user_idle = *presence == "idle";
  }
  CHECK_OK(fields.status());
  CHECK_OK(read_models(fields, c));
  return c;
}

std::optional<base::log::Level> parse_level(std::string_view text) {
  using base::log::Level;
  for (const Level level : {Level::kInfo, Level::kWarn, Level::kError}) {
    if (text == base::log::to_string(level)) return level;
  }
  return std::nullopt;
}

base::Result<LogEntry> read_entry(std::string_view text, std::size_t index) {
  Fields fields(text, {"entries", index});
  LogEntry entry;
  entry.ts = fields.text("ts", kName);
  const auto level = parse_level(fields.text("level", kName));
  entry.category = fields.text("category", kName);
  entry.message = fields.text("message", kAnyText);
  if (auto job = fields.maybe_text("jobId", Need::kNullable, kName)) entry.job = base::JobId(std::move(*job));
  if (!level) fields.fail("level", "must be \"info\", \"warn\" or \"error\"");
  CHECK_OK(fields.status());
  entry.level = *level;
  return entry;
}

base::Result<ToStudio> read_log_batch(Fields& fields) {
  const auto entries = fields.raw("entries", JsonKind::kArray);
  CHECK_OK(fields.status());
  LogBatch batch;
  for (JsonWalk walk(entries); walk.next();) {
    TRY(auto entry, read_entry(walk.value(), batch.entries.size()));
    batch.entries.push_back(std::move(entry));
  }
  return batch;
}

base::Result<ToStudio> read_hello(Fields& fields) {
  base::Secret token(fields.text("authToken", kName));
  const auto capabilities = fields.raw("capabilities", JsonKind::kObject);
  CHECK_OK(fields.status());
  TRY(auto read, read_capabilities(capabilities));
  return Hello{std::move(token), std::move(read)};
}

base::Result<ToStudio> read_heartbeat(Fields& fields) {
  const auto capabilities = fields.raw("capabilities", JsonKind::kObject);
  auto job = fields.maybe_text("currentJobId", Need::kNullable, kName);
  CHECK_OK(fields.status());
  TRY(auto read, read_capabilities(capabilities));
  Heartbeat heartbeat{std::move(read), std::nullopt};
  if (job) heartbeat.current_job = base::JobId(std::move(*job));
  return heartbeat;
}

base::Result<ToStudio> read_reject(Fields& fields) {
  Reject reject;
  reject.job = base::JobId(fields.text("jobId", kName));
  reject.reason = fields.text("reason", kAnyText);
  const auto code = fields.maybe_text("code", Need::kNullable, kName);
  using job::RejectCode;
  for (const RejectCode known : {RejectCode::kBusy, RejectCode::kPaused, RejectCode::kInsufficientMemory}) {
    if (code == job::to_string(known)) reject.code = known;
  }
  if (code && reject.code == RejectCode::kNone) fields.fail("code", "is not a reject code of the wire");
  CHECK_OK(fields.status());
  return reject;
}

base::Result<ToStudio> read_complete(Fields& fields) {
  CompleteJson complete;
  complete.job = base::JobId(fields.text("jobId", kName));
  complete.result = fields.any("result");
  complete.prompt = fields.maybe_text("prompt", Need::kNullable, kAnyText).value_or("");
  CHECK_OK(fields.status());
  return complete;
}

base::Result<ToStudio> read_fail(Fields& fields) {
  Fail fail;
  fail.job = base::JobId(fields.text("jobId", kName));
  fail.error = fields.text("error", kAnyText);
  fail.retryable = fields.flag("retryable");
  CHECK_OK(fields.status());
  return fail;
}

base::Result<ToStudio> read_accept(Fields& fields) {
  Accept accept{base::JobId(fields.text("jobId", kName))};
  CHECK_OK(fields.status());
  return accept;
}

JsonWriter frame(std::string_view type) {
  JsonWriter out(256);
  out.begin_object().key("type").text(type);
  return out;
}

std::string write(const Welcome& welcome) {
  JsonWriter out = frame("welcome");
  out.key("workerId").text(welcome.worker.str()).key("serverTime").text(welcome.server_time).end_object();
  return std::move(out).take();
}
std::string write(const OfferFrame& offer) {
  JsonWriter out = frame("offer");
  write_claim(out.key("claim"), offer.offer);
  return std::move(out.end_object()).take();
}
std::string write(const HeartbeatAck&) {
  return std::move(frame("heartbeatAck").end_object()).take();
}
std::string write(const CompleteAck& ack) {
  JsonWriter out = frame("completeAck");
  return std::move(out.key("jobId").text(ack.job.str()).end_object()).take();
}
std::string write(const FailAck& ack) {
  JsonWriter out = frame("failAck");
  return std::move(out.key("jobId").text(ack.job.str()).end_object()).take();
}
std::string write(const ErrorFrame& error) {
  JsonWriter out = frame("error");
  return std::move(out.key("code").text(error.code).key("message").text(error.message).end_object()).take();
}
std::string write(const UnknownFrame& unknown) {
  return std::move(frame(unknown.type).end_object()).take();
}
std::string write(const BadFrame&) {
  return {};
}

}  // namespace

base::Result<ToStudio> decode_from_worker(std::string_view frame) {
  CHECK_OK(check_json(frame));
  Fields fields(frame, {});
  const std::string type = fields.text("type", kName);
  CHECK_OK(fields.status());
  if (type == "hello") return read_hello(fields);
  if (type == "heartbeat") return read_heartbeat(fields);
  if (type == "accept") return read_accept(fields);
  if (type == "reject") return read_reject(fields);
  if (type == "completeJson") return read_complete(fields);
  if (type == "fail") return read_fail(fields);
  if (type == "logBatch") return read_log_batch(fields);
  if (type == "readyForMore") return ToStudio(ReadyForMore{});
  return base::Error{base::Code::kInvalid, "type is unknown to a studio: " + base::log::printable(type, 100)};
}

std::string encode_for_worker(const ToWorker& frame) {
  return std::visit([](const auto& concrete) { return write(concrete); }, frame);
}

}  // namespace protocol
