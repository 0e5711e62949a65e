#include <algorithm>

#include "protocol/frames.h"
#include "protocol/json_writer.h"

namespace protocol {
namespace {

void write_capabilities(JsonWriter& out, const Capabilities& capabilities) {
  const Capabilities& c = capabilities;
  std::vector<std::string_view> all;
  for (const auto& [kind, models] : c.models) all.insert(all.end(), models.begin(), models.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());

  out.begin_object().key("machineName").text(c.machine_name).key("username").text(c.username);
  out.key("agentVersion").text(c.agent_version).key("engine").text("multi");
  out.key("vramTotalGb").real32(c.vram_total_gb).key("vramThresholdGb").real32(c.vram_threshold_gb);
  out.key("autoEnabled").flag(c.auto_enabled).key("autoStart").flag(c.auto_start);
  out.key("autoUpdate").flag(c.auto_update).key("startMinimised").flag(c.start_minimised);
  out.key("onlyWhenIdle").flag(c.only_when_idle);
  if (c.user_idle) out.key("userPresence").text(*c.user_idle ? "idle" : "active");
  out.key("supportedModels").begin_array();
  for (const std::string_view model : all) out.text(model);
  out.end_array().key("taskKinds").begin_array();
  for (const auto& [kind, models] : c.models) out.text(job::to_string(kind));
  out.end_array().key("supportedModelsPerKind").begin_object();
  for (const auto& [kind, models] : c.models) {
    out.key(job::to_string(kind)).begin_array();
    for (const std::string& model : models) out.text(model);
    out.end_array();
  }
  out.end_object().key("modelEngines").begin_array();
  for (const std::string& engine : c.model_engines) out.text(engine);
  out.end_array().end_object();
}

void write_entry(JsonWriter& out, const LogEntry& entry) {
  // The wire has no level below info.
  const auto level = std::max(entry.level, base::log::Level::kInfo);
  out.begin_object().key("ts").text(entry.ts).key("level").text(base::log::to_string(level));
  out.key("category").text(entry.category).key("message").text(entry.message);
  if (entry.job) out.key("jobId").text(entry.job->str());
  out.end_object();
}

JsonWriter frame(std::string_view type, std::size_t reserve = 0) {
  JsonWriter out(reserve);
  out.begin_object().key("type").text(type);
  return out;
}

std::string done(JsonWriter& out) {
  out.end_object();
  return std::move(out).take();
}

std::string write(const Hello& hello) {
  JsonWriter out = frame("hello", 2048);
  out.key("authToken").text(hello.auth_token.reveal()).key("capabilities");
  write_capabilities(out, hello.capabilities);
  return done(out);
}

std::string write(const Heartbeat& heartbeat) {
  JsonWriter out = frame("heartbeat", 2048);
  out.key("capabilities");
  write_capabilities(out, heartbeat.capabilities);
  if (heartbeat.current_job) out.key("currentJobId").text(heartbeat.current_job->str());
  return done(out);
}

std::string write(const Accept& accept) {
  JsonWriter out = frame("accept", 64);
  out.key("jobId").text(accept.job.str());
  return done(out);
}

std::string write(const Reject& reject) {
  JsonWriter out = frame("reject", 256);
  out.key("jobId").text(reject.job.str()).key("reason").text(reject.reason);
  if (reject.code != job::RejectCode::kNone) out.key("code").text(job::to_string(reject.code));
  return done(out);
}

std::string write(const CompleteJson& complete) {
  constexpr std::size_t kKeys = 64;
  JsonWriter out = frame("completeJson", kKeys + escaped_size(complete.job.str()) + complete.result.size() +
                                             escaped_size(complete.prompt));
  out.key("jobId").text(complete.job.str()).key("result").raw(complete.result);
  out.key("prompt").text(complete.prompt);
  return done(out);
}

std::string write(const Fail& fail) {
  JsonWriter out = frame("fail", 256);
  out.key("jobId").text(fail.job.str()).key("error").text(fail.error).key("retryable").flag(fail.retryable);
  return done(out);
}

std::string write(const LogBatch& batch) {
  JsonWriter out = frame("logBatch", 64 + 192 * batch.entries.size());
  out.key("entries").begin_array();
  for (const LogEntry& entry : batch.entries) write_entry(out, entry);
  out.end_array();
  return done(out);
}

std::string write(const ReadyForMore&) {
  JsonWriter out = frame("readyForMore");
  return done(out);
}

}  // namespace

std::string encode(const ToStudio& frame) {
  return std::visit([](const auto& concrete) { return write(concrete); }, frame);
}

std::string encode_capabilities(const Capabilities& capabilities) {
  JsonWriter out(2048);
  write_capabilities(out, capabilities);
  return std::move(out).take();
}

}  // namespace protocol
