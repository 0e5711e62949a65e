#pragma once
// A session driven step by step on a clock of whole milliseconds; its actions read as lines of text.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/session.h"

namespace protocol_test {

using Lines = std::vector<std::string>;

inline std::string show_end(protocol::End end) {
  switch (end) {
    case protocol::End::kDisconnected:
      return "disconnected";
    case protocol::End::kDuplicate:
      return "duplicate";
    case protocol::End::kAuthFailed:
      return "auth-failed";
    case protocol::End::kRevoked:
      return "revoked";
    case protocol::End::kFatal:
      return "fatal";
    case protocol::End::kStopped:
      return "stopped";
  }
  return "?";
}

/// Frames as "<type> <what differs>"; a frame that a studio could not read stands as it is.
struct ShowFrame {
  std::string operator()(const protocol::Hello& hello) const { return "hello " + hello.auth_token.reveal(); }
  std::string operator()(const protocol::Heartbeat& beat) const {
    return std::string("heartbeat") + (beat.capabilities.auto_enabled ? "" : " paused") +
           (beat.current_job ? " " + beat.current_job->str() : "");
  }
  std::string operator()(const protocol::Reject& reject) const {
    return "reject " + reject.job.str() + " code=" + std::string(job::to_string(reject.code)) + " " + reject.reason;
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return "a frame that no session sends";
  }
};

struct ShowAction {
  std::string operator()(const protocol::Send& send) const {
    const auto frame = protocol::decode_from_worker(send.text);
    const std::string lane = send.lane == protocol::Lane::kControl ? "" : " (logs)";
    return "send " + (frame ? std::visit(ShowFrame{}, *frame) : send.text) + lane;
  }
  std::string operator()(const protocol::SendPing&) const { return "ping"; }
  std::string operator()(const protocol::SendLogs&) const { return "logs"; }
  std::string operator()(const protocol::DeliverOffer& deliver) const { return "offer " + deliver.offer.id.str(); }
  std::string operator()(const protocol::Welcomed& welcomed) const {
    return "welcomed " + welcomed.worker.str() + " " + welcomed.server_time;
  }
  std::string operator()(const protocol::Acknowledged& ack) const {
    return std::string(ack.complete ? "complete-ack " : "fail-ack ") + ack.job.str();
  }
  std::string operator()(const protocol::Note& note) const {
    return std::string(base::log::to_string(note.level)) + " " + note.message +
           (note.job ? " [" + note.job->str() + "]" : "");
  }
  std::string operator()(const protocol::CloseLink& close) const {
    return "close " + std::to_string(close.code) + " " + close.reason;
  }
  std::string operator()(const protocol::Ended& ended) const {
    return "ended " + show_end(ended.end) + ": " + ended.reason;
  }
};

inline Lines show(const protocol::Actions& actions) {
  Lines lines;
  for (const protocol::Action& action : actions) lines.push_back(std::visit(ShowAction{}, action));
  return lines;
}

constexpr std::string_view kWelcome = R"({"type":"welcome","workerId":"w-18","serverTime":"2026-03-04T10:11:10Z"})";
constexpr std::string_view kAck = R"({"type":"heartbeatAck"})";
constexpr std::string_view kOffer =
    R"({"type":"offer","claim":{"jobId":"job-1","gameId":"g","assetName":"a","model":"m","vramGbEstimate":1.5,)"
    R"("task":{"kind":"mesh","imageUrl":"https://u"},"modelSource":{"engine":"x","files":[],)"
    R"("cliDefaults":{"cfgScale":1.0,"steps":0,"width":0,"height":0}}}})";

inline protocol::Capabilities sample_capabilities() {
  protocol::Capabilities c;
  c.machine_name = "bench-02";
  c.username = "ines";
  c.agent_version = "0.1.0";
  c.vram_total_gb = 16;
  c.vram_threshold_gb = 12;
  c.user_idle = false;
  c.models = {{job::Kind::kImage, {"synthetic", "sd-cpp:*"}}, {job::Kind::kLlm, {"synthetic"}}};
  c.model_engines = {"sd-cpp", "synthetic"};
  return c;
}

class Script {
 public:
  explicit Script(protocol::Capabilities capabilities = sample_capabilities())
      : session_({}, std::move(capabilities)) {}

  Lines connect() { return show(session_.connected(base::Secret("token"), now())); }
  Lines text(std::string_view frame) { return show(session_.text(frame, now())); }
  Lines binary() { return show(session_.binary(now())); }
  Lines closed(std::uint16_t code, std::string_view reason) { return show(session_.closed(code, reason)); }
  Lines stop(std::string_view reason) { return show(session_.stop(reason)); }
  Lines capabilities(protocol::Capabilities value) { return show(session_.set_capabilities(std::move(value), now())); }
  Lines current_job(std::optional<base::JobId> job) { return show(session_.set_current_job(std::move(job), now())); }
  void logs_waiting() { session_.logs_waiting(now()); }
  void logs_sent(bool more) { session_.logs_sent(more, now()); }

  /// Connected and welcomed.
  void open() {
    connect();
    text(kWelcome);
  }
  void advance(int milliseconds) { elapsed_ += std::chrono::milliseconds(milliseconds); }
  /// Calls tick exactly when the session asks for it, until `until` has passed; each line is "<ms> <action>".
  Lines run_until(int until) {
    Lines lines;
    while (next_ms() <= until) {
      elapsed_ = std::chrono::milliseconds(next_ms());
      ++wakes_;
      for (const std::string& line : show(session_.tick(now()))) lines.push_back(std::to_string(ms()) + " " + line);
      if (!lines.empty() && lines.back().find(" ended ") != std::string::npos) break;
    }
    elapsed_ = std::max(elapsed_, base::Duration(std::chrono::milliseconds(until)));
    return lines;
  }
  Lines tick() { return show(session_.tick(now())); }

  long next_ms() const { return in_ms(session_.next_tick() - kStart); }
  long ms() const { return in_ms(elapsed_); }
  int wakes() const { return wakes_; }
  const protocol::Session& session() const { return session_; }

 private:
  static constexpr base::SteadyTime kStart{std::chrono::hours(7)};
  static long in_ms(base::Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }
  base::SteadyTime now() const { return kStart + elapsed_; }

  protocol::Session session_;
  base::Duration elapsed_{};
  int wakes_ = 0;
};

}  // namespace protocol_test
