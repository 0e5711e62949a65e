// The studio's frames and the session that reads them. A line is a text frame; a line that starts with ! is an event:
//   !binary, !after MS, !closed CODE REASON, !job ID, !free, !pause, !logs, !sent, !more, !stop

#include "protocol/session.h"

#include "base/text/utf8.h"
#include "fuzz/fuzz.h"
#include "protocol/fields.h"
#include "unit/protocol/session_script.h"

namespace {

using namespace protocol;

/// What was read can be written, and means the same when it is read again; both directions.
void check_round_trip(std::string_view text) {
  const ToWorker frame = decode(text);
  if (const auto* bad = std::get_if<BadFrame>(&frame)) {
    STUDIO_ASSERT(!bad->reason.empty());
  } else {
    const std::string written = encode_for_worker(frame);
    const ToWorker again = decode(written);
    STUDIO_ASSERT(again.index() == frame.index());
    fuzz::require_same("a frame to the worker", encode_for_worker(again), written);
  }
  const auto from_worker = decode_from_worker(text);
  if (!from_worker) {
    fuzz::require_printable(from_worker.error().message);
    return;
  }
  const std::string written = encode(*from_worker);
  const auto again = decode_from_worker(written);
  STUDIO_ASSERT(again.has_value());
  fuzz::require_same("a frame to the studio", encode(*again), written);
}

class Driver {
 public:
  Driver() : capabilities_(protocol_test::sample_capabilities()), session_({}, capabilities_) {
    take(session_.connected(base::Secret("token"), now_));
  }

  bool ended() const { return ended_; }

  void step(std::string_view line) {
    if (!line.starts_with('!')) {
      check_round_trip(line);
      take(session_.text(line, now_));
    } else if (fuzz::take_word(line, "!after")) {
      pass(std::chrono::milliseconds(fuzz::number_at(line, 1000000)));
    } else if (fuzz::take_word(line, "!closed")) {
      take(session_.closed(static_cast<std::uint16_t>(fuzz::number_at(line, UINT16_MAX)), line));
    } else if (fuzz::take_word(line, "!job")) {
      // Jobs come from offers that were read.
      const bool readable = broken_rule(line, kFileName).empty() && base::utf8_end(line) == line.size();
      if (readable) take(session_.set_current_job(base::JobId(std::string(line)), now_));
    } else {
      simple(line);
    }
    STUDIO_ASSERT(session_.counters().bad_frames <= session_.counters().frames);
  }

 private:
  void simple(std::string_view event) {
    if (event == "!binary") take(session_.binary(now_));
    if (event == "!free") take(session_.set_current_job(std::nullopt, now_));
    if (event == "!pause") {
      capabilities_.auto_enabled = !capabilities_.auto_enabled;
      take(session_.set_capabilities(capabilities_, now_));
    }
    if (event == "!logs") session_.logs_waiting(now_);
    if (event == "!sent") session_.logs_sent(false, now_);
    if (event == "!more") session_.logs_sent(true, now_);
    if (event == "!stop") take(session_.stop("asked"));
  }

  /// Calls tick exactly when the session asks for it.
  void pass(base::Duration time) {
    const base::SteadyTime until = now_ + time;
    while (!ended_ && session_.next_tick() <= until) {
      now_ = std::max(now_, session_.next_tick());
      take(session_.tick(now_));
      // Otherwise the shell would turn in circles.
      STUDIO_ASSERT(ended_ || session_.next_tick() > now_);
    }
    now_ = until;
  }

  void take(const Actions& actions) {
    for (std::size_t i = 0; i < actions.size(); ++i) {
      STUDIO_ASSERT(!ended_);
      std::visit([this](const auto& action) { check(action); }, actions[i]);
      const bool closes = std::holds_alternative<CloseLink>(actions[i]);
      STUDIO_ASSERT(!closes || (i + 1 < actions.size() && std::holds_alternative<Ended>(actions[i + 1])));
    }
  }

  void check(const Send& send) {
    const auto frame = decode_from_worker(send.text);
    if (!frame) {
      // The studio's own unreadable job id, sent back to it.
      STUDIO_ASSERT(check_json(send.text).has_value());
      STUDIO_ASSERT(send.text.starts_with(R"({"type":"reject","jobId":)"));
      STUDIO_ASSERT(!broken_rule(decode_string(find_member(send.text, "jobId")), kName).empty());
      return;
    }
    fuzz::require_same("what the session sends", encode(*frame), send.text);
    STUDIO_ASSERT(session_.welcomed() || std::holds_alternative<Hello>(*frame) ||
                  std::holds_alternative<Reject>(*frame));
  }
  void check(const SendPing&) {}
  void check(const SendLogs&) { STUDIO_ASSERT(session_.welcomed()); }
  void check(const DeliverOffer& deliver) {
    STUDIO_ASSERT(session_.welcomed());
    STUDIO_ASSERT(broken_rule(deliver.offer.id.str(), kFileName).empty());
  }
  void check(const Welcomed& welcomed) { STUDIO_ASSERT(!welcomed.worker.empty()); }
  void check(const Acknowledged& acknowledged) { STUDIO_ASSERT(session_.welcomed() && !acknowledged.job.empty()); }
  void check(const Note& note) { fuzz::require_printable(note.message); }
  void check(const CloseLink& close) { STUDIO_ASSERT(close.code >= 1000 && close.reason.size() <= 123); }
  void check(const Ended& ended) {
    STUDIO_ASSERT(!ended.reason.empty() || ended.end != End::kDisconnected);
    ended_ = true;
  }

  base::SteadyTime now_{std::chrono::hours(7)};
  Capabilities capabilities_;
  Session session_;
  bool ended_ = false;
};

}  // namespace

void fuzz::run(std::string_view input) {
  Driver driver;
  for (Lines lines(input); !driver.ended();) {
    const auto line = lines.next();
    if (!line) break;
    driver.step(*line);
  }
}
