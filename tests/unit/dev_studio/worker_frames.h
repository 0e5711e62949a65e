#pragma once
// Frames as a worker writes them, for tests.

#include <string>

#include <boost/json.hpp>

namespace fakes {

inline boost::json::object capabilities() {
  return boost::json::parse(R"({"machineName":"bench-02","username":"artist","agentVersion":"9.9.9","engine":"multi",
    "vramTotalGb":16.0,"vramThresholdGb":12.0,"autoEnabled":true,"autoStart":true,"autoUpdate":true,
    "startMinimised":true,"onlyWhenIdle":false,"supportedModels":["synthetic"],
    "taskKinds":["image","llm","audio_stt","audio_tts","video","mesh"],
    "supportedModelsPerKind":{"image":["synthetic"]},"modelEngines":["synthetic"]})")
      .as_object();
}

inline std::string hello(const std::string& token) {
  return boost::json::serialize(
      boost::json::object{{"type", "hello"}, {"authToken", token}, {"capabilities", capabilities()}});
}

inline std::string heartbeat_with(const boost::json::object& offered, const std::string& current_job = "") {
  boost::json::object frame{{"type", "heartbeat"}, {"capabilities", offered}};
  if (!current_job.empty()) frame["currentJobId"] = current_job;
  return boost::json::serialize(frame);
}

inline std::string heartbeat(const std::string& current_job = "") {
  return heartbeat_with(capabilities(), current_job);
}

inline std::string accept(const std::string& job) {
  return boost::json::serialize(boost::json::object{{"type", "accept"}, {"jobId", job}});
}

inline std::string reject(const std::string& job, const std::string& code, const std::string& reason = "not now") {
  boost::json::object frame{{"type", "reject"}, {"jobId", job}, {"reason", reason}};
  if (!code.empty()) frame["code"] = code;
  return boost::json::serialize(frame);
}

inline std::string complete(const std::string& job, const std::string& result, const std::string& prompt) {
  boost::json::object frame{
      {"type", "completeJson"}, {"jobId", job}, {"result", boost::json::parse(result)}, {"prompt", prompt}};
  return boost::json::serialize(frame);
}

inline std::string chat() {
  return R"({"object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Neap."},
    "finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})";
}

inline std::string fail(const std::string& job, bool retryable) {
  return boost::json::serialize(
      boost::json::object{{"type", "fail"}, {"jobId", job}, {"error", "the tide went out"}, {"retryable", retryable}});
}

}  // namespace fakes
