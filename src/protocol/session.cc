#include "protocol/session.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/log.h"

namespace protocol {
namespace {

using base::log::Level;

constexpr std::uint16_t kNormalClosure = 1000;
constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kUnsupportedData = 1003;
constexpr std::string_view kSessionEnded = "session ended";

/// The text of a peer on its way into a line of ours.
std::string shown(std::string_view text) {
  return base::log::printable(text, 300);
}

std::string seconds(base::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + "s";
}

std::string one_decimal(double value) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

/// The first time after `now` that is a whole number of steps behind `due`: missed ticks are skipped.
base::SteadyTime next_after(base::SteadyTime due, base::Duration step, base::SteadyTime now) {
  return now < due ? due : due + step * ((now - due) / step + 1);
}

std::string pascal_case(std::string_view code) {
  std::string name;
  bool upper = true;
  for (const char c : code) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return shown(name);
}

std::string joined(const std::vector<std::string>& items) {
  std::string list;
  for (const std::string& item : items) {
    if (!list.empty()) list += ", ";
    list += item;
  }
  return list;
}

std::string advertisement(const Capabilities& c) {
  std::vector<std::string> kinds;
  std::vector<std::string> models;
  for (const auto& [kind, names] : c.models) {
    kinds.emplace_back(job::to_string(kind));
    models.insert(models.end(), names.begin(), names.end());
  }
  std::sort(models.begin(), models.end());
  models.erase(std::unique(models.begin(), models.end()), models.end());
  const auto truth = [](bool value) { return value ? "true" : "false"; };
  const std::string presence = !c.user_idle ? "unknown" : *c.user_idle ? "idle" : "active";
  return "advertising engine=multi, vram=" + one_decimal(c.vram_total_gb) + "/" + one_decimal(c.vram_threshold_gb) +
         "GB threshold, auto_enabled=" + truth(c.auto_enabled) + ", only_when_idle=" + truth(c.only_when_idle) +
         ", user_presence=" + presence + ", kinds=[" + joined(kinds) + "], model_engines=[" + joined(c.model_engines) +
         "], " + std::to_string(models.size()) + " model(s)=[" + joined(models) + "]";
}

std::optional<Note> threshold_warning(const Capabilities& c) {
  if (c.vram_total_gb <= 0 || c.vram_threshold_gb <= c.vram_total_gb) return std::nullopt;
  const std::string total = one_decimal(c.vram_total_gb);
  return Note{Level::kWarn,
              "configured VRAM threshold " + one_decimal(c.vram_threshold_gb) + "GB exceeds detected GPU VRAM " +
                  total + "GB; jobs that cannot fit may be offered, lower vram_threshold_gb to at or below " + total,
              std::nullopt};
}

/// A frame's name for the line about an early one.
struct FrameName {
  std::string operator()(const Welcome&) const { return "welcome"; }
  std::string operator()(const OfferFrame&) const { return "offer"; }
  std::string operator()(const HeartbeatAck&) const { return "heartbeatAck"; }
  std::string operator()(const CompleteAck&) const { return "completeAck"; }
  std::string operator()(const FailAck&) const { return "failAck"; }
  std::string operator()(const ErrorFrame&) const { return "error"; }
  std::string operator()(const UnknownFrame& frame) const { return shown(frame.type); }
  std::string operator()(const BadFrame& frame) const { return shown(frame.reason); }
};

std::optional<base::JobId> job_of(const ToWorker& frame) {
  if (const auto* offer = std::get_if<OfferFrame>(&frame)) return offer->offer.id;
  if (const auto* bad = std::get_if<BadFrame>(&frame)) return bad->offer;
  return std::nullopt;
}

Note confirmation(std::string_view of, const base::JobId& job) {
  return {Level::kInfo, "studio confirmed " + std::string(of) + " of job " + shown(job.str()), job};
}

Ended end_of_error(const ErrorFrame& frame) {
  if (frame.code == "auth_failed") return {End::kAuthFailed, frame.message};
  if (frame.code == "worker_deleted") return {End::kRevoked, frame.message};
  const End end = frame.code == "duplicate_worker" ? End::kDuplicate : End::kFatal;
  return {end, pascal_case(frame.code) + ": " + frame.message};
}

std::string_view refusal_of(End end) {
  switch (end) {
    case End::kAuthFailed:
      return "auth failed";
    case End::kRevoked:
      return "registration revoked";
    default:
      return "protocol violation";
  }
}

}  // namespace

Session::Session(SessionOptions options, Capabilities capabilities)
    : options_(options), capabilities_(std::move(capabilities)) {}

Actions Session::connected(base::Secret auth_token, base::SteadyTime now) {
  last_frame_ = now;
  idle_check_ = now + options_.idle_limit;
  next_ping_ = now + options_.ping_every;
  Actions actions;
  actions.push_back(Send{encode(Hello{std::move(auth_token), capabilities_})});
  actions.push_back(Note{Level::kInfo, advertisement(capabilities_), std::nullopt});
  if (auto warning = threshold_warning(capabilities_)) actions.push_back(std::move(*warning));
  return actions;
}

Actions Session::text(std::string_view text, base::SteadyTime now) {
  ++counters_.frames;
  last_frame_ = now;
  ToWorker frame = decode(text);
  if (auto* bad = std::get_if<BadFrame>(&frame)) return refuse(std::move(*bad));
  bad_in_a_row_ = 0;
  if (std::holds_alternative<UnknownFrame>(frame)) ++counters_.unknown_frames;
  if (const auto* error = std::get_if<ErrorFrame>(&frame)) return server_error(*error);
  if (const auto* greeting = std::get_if<Welcome>(&frame)) return welcome(*greeting, now);
  return welcomed_ ? after_welcome(std::move(frame)) : before_welcome(frame);
}

Actions Session::refuse(BadFrame frame) {
  ++counters_.bad_frames;
  ++bad_in_a_row_;
  Actions actions;
  if (!welcomed_) {
    actions = before_welcome(frame);
  } else if (frame.offer) {
    ++counters_.rejected_unreadable;
    actions.push_back(Send{encode(Reject{*frame.offer, frame.reason})});
    actions.push_back(Note{
        Level::kWarn, "rejecting offer " + shown(frame.offer->str()) + ": it cannot be read: " + shown(frame.reason),
        std::move(frame.offer)});
  } else {
    actions.push_back(Note{Level::kWarn, "frame of the server refused: " + shown(frame.reason), std::nullopt});
  }
  if (bad_in_a_row_ >= options_.bad_frames_in_a_row) {
    const std::string reason = std::to_string(bad_in_a_row_) + " unreadable frames in a row";
    actions.push_back(CloseLink{kProtocolError, reason});
    actions.push_back(Ended{End::kDisconnected, "protocol error: " + reason});
  }
  return actions;
}

Actions Session::before_welcome(const ToWorker& frame) {
  return {Note{Level::kWarn, "server sent unexpected frame before welcome: " + std::visit(FrameName{}, frame),
               job_of(frame)}};
}

Actions Session::welcome(const Welcome& frame, base::SteadyTime now) {
  const std::string line = "server welcomed " + shown(frame.worker.str()) + " server_time=" + shown(frame.server_time);
  if (welcomed_) return {Note{Level::kInfo, line + " (again, ignored)", std::nullopt}};
  welcomed_ = true;
  Actions actions;
  actions.push_back(Welcomed{frame.worker, frame.server_time});
  actions.push_back(Note{Level::kInfo, line, std::nullopt});
  actions.push_back(heartbeat(now));
  actions.push_back(SendLogs{});
  return actions;
}

Actions Session::after_welcome(ToWorker frame) {
  if (auto* offer = std::get_if<OfferFrame>(&frame)) return {DeliverOffer{std::move(offer->offer)}};
  if (const auto* ack = std::get_if<CompleteAck>(&frame)) {
    return {Acknowledged{ack->job, true}, confirmation("completion", ack->job)};
  }
  if (const auto* ack = std::get_if<FailAck>(&frame)) {
    return {Acknowledged{ack->job, false}, confirmation("failure", ack->job)};
  }
  return {};
}

Actions Session::server_error(const ErrorFrame& frame) {
  Ended ended = end_of_error(frame);
  const std::string line = std::string(welcomed_ ? "server error " : "server error before welcome ") +
                           pascal_case(frame.code) + ": " + shown(frame.message);
  const std::string_view closing = welcomed_ ? kSessionEnded : refusal_of(ended.end);
  return {Note{Level::kError, line, std::nullopt}, CloseLink{kNormalClosure, std::string(closing)}, std::move(ended)};
}

Actions Session::binary(base::SteadyTime now) {
  last_frame_ = now;
  ++counters_.frames;
  ++counters_.bad_frames;
  const std::string reason = "protocol error: unexpected binary frame";
  return {Note{Level::kWarn, reason, std::nullopt}, CloseLink{kUnsupportedData, "unexpected binary frame"},
          Ended{End::kDisconnected, reason}};
}

Actions Session::closed(std::uint16_t code, std::string_view reason) {
  constexpr std::uint16_t kAuthFailed = 4001;
  constexpr std::uint16_t kDuplicate = 4003;
  constexpr std::uint16_t kDeleted = 4004;
  if (code == 0) {
    return {Ended{End::kDisconnected, reason.empty() ? "connection closed by server" : std::string(reason)}};
  }
  std::string text = "server closed " + std::to_string(code);
  if (!reason.empty()) text += ": " + std::string(reason);
  const End end = code == kAuthFailed  ? End::kAuthFailed
                  : code == kDuplicate ? End::kDuplicate
                  : code == kDeleted   ? End::kRevoked
                                       : End::kDisconnected;
  return {Ended{end, std::move(text)}};
}

Actions Session::tick(base::SteadyTime now) {
  if (now >= last_frame_ + options_.idle_limit) {
    Actions actions;
    if (welcomed_) actions.push_back(CloseLink{kNormalClosure, std::string(kSessionEnded), true});
    actions.push_back(Ended{End::kDisconnected, "no frames from server for " + seconds(options_.idle_limit) +
                                                    "; treating connection as dead"});
    return actions;
  }
  idle_check_ = last_frame_ + options_.idle_limit;
  Actions actions;
  if (welcomed_ && now >= next_heartbeat_) {
    const base::SteadyTime next = next_after(next_heartbeat_, options_.heartbeat_every, now);
    actions.push_back(heartbeat(now));
    next_heartbeat_ = next;
  }
  if (next_flush_ && now >= *next_flush_) {
    next_flush_.reset();
    actions.push_back(SendLogs{});
  }
  if (now >= next_ping_) {
    next_ping_ = next_after(next_ping_, options_.ping_every, now);
    actions.push_back(SendPing{});
  }
  return actions;
}

Action Session::heartbeat(base::SteadyTime now) {
  next_heartbeat_ = now + options_.heartbeat_every;
  return Send{encode(Heartbeat{capabilities_, current_job_}), Lane::kControl, true};
}

Actions Session::set_capabilities(Capabilities capabilities, base::SteadyTime now) {
  if (capabilities == capabilities_) return {};
  capabilities_ = std::move(capabilities);
  if (!welcomed_) return {};
  return {heartbeat(now)};
}

Actions Session::set_current_job(std::optional<base::JobId> job, base::SteadyTime now) {
  if (job == current_job_) return {};
  current_job_ = std::move(job);
  if (!welcomed_ || current_job_) return {};
  return {heartbeat(now)};
}

void Session::logs_waiting(base::SteadyTime now) {
  if (welcomed_ && !next_flush_) next_flush_ = now + options_.log_flush_every;
}

void Session::logs_sent(bool more, base::SteadyTime now) {
  if (more) logs_waiting(now);
}

Actions Session::stop(std::string_view reason) {
  return {CloseLink{kNormalClosure, std::string(kSessionEnded)}, Ended{End::kStopped, std::string(reason)}};
}

base::SteadyTime Session::next_tick() const {
  base::SteadyTime next = std::min(idle_check_, next_ping_);
  if (welcomed_) next = std::min(next, next_heartbeat_);
  if (next_flush_) next = std::min(next, *next_flush_);
  return next;
}

}  // namespace protocol
