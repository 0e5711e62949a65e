#include "studio/studio_link.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.h"
#include "protocol/frames.h"

namespace studio {
namespace {

using base::log::Level;

base::Error session_over() {
  return {base::Code::kUnavailable, "the session with the studio ended"};
}

std::int64_t milliseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// Every studio writes the type first or near it; a miss only costs the head start.
bool looks_like_offer(std::string_view frame) {
  return frame.substr(0, 64).find("\"offer\"") != std::string_view::npos;
}

}  // namespace

std::string_view to_string(LinkState state) {
  switch (state) {
    case LinkState::kWaitingForApproval:
      return "waiting for approval";
    case LinkState::kConnecting:
      return "connecting";
    case LinkState::kConnected:
      return "connected";
    case LinkState::kReconnecting:
      return "reconnecting";
    case LinkState::kEnded:
      return "ended";
  }
  return "ended";
}

StudioLink::StudioLink(StudioOptions options, Urls urls, net::WebSocketConnector& connector, base::Clock& clock,
                       base::Random& random)
    : options_(std::move(options)),
      urls_(std::move(urls)),
      connector_(connector),
      clock_(clock),
      backoff_(random),
      logs_(clock) {}

asio::awaitable<LinkEnd> StudioLink::run(Credentials credentials) {
  using namespace asio::experimental::awaitable_operators;
  status_.worker = credentials.worker;
  while (!stopping_) {
    status_.state = backoff_.failures() == 0 ? LinkState::kConnecting : LinkState::kReconnecting;
    note(Level::kInfo, "connecting to " + urls_.base());
    net::ConnectTarget target{urls_.connect(credentials.worker), credentials.token, "studio-worker-v1",
                              options_.ca_file};
    auto attempt = connector_.connect(std::move(target), options_.connect_limit) || stop_.wait();
    auto outcome = co_await std::move(attempt);
    if (stopping_ || std::holds_alternative<std::monostate>(outcome)) break;
    protocol::Ended ended;
    base::Duration floor{};
    const auto begun = clock_.now();
    if (auto* failure = std::get_if<net::ConnectFailure>(&outcome)) {
      floor = failure->retry_after.value_or(floor);
      ended = refused(*failure).value_or(protocol::Ended{protocol::End::kDisconnected, failure->error.message});
    } else {
      link_ = std::get<std::unique_ptr<net::WebSocketLink>>(std::move(outcome));
      ended = co_await serve(credentials.token);
      backoff_.lived(clock_.now() - begun);
    }
    if (const auto end = final_end(ended)) co_return *end;
    const bool evicted = ended.end == protocol::End::kDuplicate;
    const auto delay = evicted ? options_.duplicate_pause : backoff_.next(floor);
    status_.state = LinkState::kReconnecting;
    status_.detail = ended.reason;
    note(Level::kWarn, (ended.reason.empty() ? std::string("disconnected") : "session error: " + ended.reason) +
                           "; reconnect attempt " + std::to_string(std::max(1U, backoff_.failures())) + " in " +
                           std::to_string(milliseconds(delay)) + "ms");
    co_await pause(delay);
  }
  status_.state = LinkState::kEnded;
  status_.detail = "stopped";
  co_return LinkEnd::kStopped;
}

std::optional<protocol::Ended> StudioLink::refused(const net::ConnectFailure& failure) {
  note(Level::kWarn, "connect failed: " + failure.error.message);
  if (failure.http_status == 401) return protocol::Ended{protocol::End::kAuthFailed, failure.error.message};
  // Only a studio can say that it no longer knows this worker; a proxy or a wrong address answers 404 with a page.
  if (failure.http_status == 404 && !failure.is_page) {
    return protocol::Ended{protocol::End::kRevoked, failure.error.message};
  }
  return std::nullopt;
}

std::optional<LinkEnd> StudioLink::final_end(const protocol::Ended& ended) {
  const auto finish = [&](LinkEnd end, Level level, const std::string& message) {
    status_.state = LinkState::kEnded;
    status_.detail = ended.reason;
    note(level, message);
    return end;
  };
  switch (ended.end) {
    case protocol::End::kStopped:
      return LinkEnd::kStopped;
    case protocol::End::kAuthFailed:
      return finish(LinkEnd::kAuthFailed, Level::kError, "auth failed: " + ended.reason + ". Re-register the worker.");
    case protocol::End::kRevoked:
      return finish(LinkEnd::kRevoked, Level::kWarn,
                    "studio revoked this worker's registration (" + ended.reason + "); asking for approval again");
    case protocol::End::kFatal:
      return finish(LinkEnd::kFatal, Level::kError, "fatal: " + ended.reason);
    case protocol::End::kDuplicate:
      if (std::exchange(evicted_before_, true)) {
        return finish(LinkEnd::kDuplicate, Level::kError,
                      "fatal: another worker uses this identity and took the session over twice");
      }
      note(Level::kError, "another worker with this identity took the session over; not fighting for " +
                              std::to_string(milliseconds(options_.duplicate_pause) / 1000) +
                              " s. Each worker needs a config directory of its own.");
      return std::nullopt;
    case protocol::End::kDisconnected:
      break;
  }
  if (options_.reconnect_attempts > 0 && backoff_.failures() >= options_.reconnect_attempts) {
    return finish(LinkEnd::kGaveUp, Level::kError,
                  "giving up after " + std::to_string(backoff_.failures()) + " reconnect attempts");
  }
  return std::nullopt;
}

asio::awaitable<protocol::Ended> StudioLink::serve(base::Secret token) {
  using namespace asio::experimental::awaitable_operators;
  session_.emplace(options_.session, capabilities_);
  ++number_;
  close_.reset();
  ended_.reset();
  ++status_.sessions;
  if (current_job_) perform(session_->set_current_job(current_job_, clock_.now()));
  perform(session_->connected(std::move(token), clock_.now()));
  if (!logs_.empty()) session_->logs_waiting(clock_.now());
  auto both = read_loop() || tick_loop();
  co_await std::move(both);
  const protocol::Ended ended = ended_.value_or(protocol::Ended{protocol::End::kDisconnected, "the link was lost"});
  end_session();
  const auto link = std::move(link_);
  if (close_) {
    const auto limit = close_->peer_is_mute ? base::Duration::zero() : options_.close_limit;
    co_await link->close(close_->code, close_->reason, limit);
  } else {
    link->abort();
  }
  co_return ended;
}

void StudioLink::end_session() {
  status_.counters.frames += session_->counters().frames;
  status_.counters.bad_frames += session_->counters().bad_frames;
  status_.counters.unknown_frames += session_->counters().unknown_frames;
  status_.counters.rejected_unreadable += session_->counters().rejected_unreadable;
  status_.connected_since.reset();
  session_.reset();
  const auto waiting = std::exchange(acks_, {});
  for (const auto& [job, wait] : waiting) {
    wait->outcome = session_over();
    wait->arrived.notify();
  }
  session_changed_.notify();
}

asio::awaitable<void> StudioLink::read_loop() {
  while (!ended_) {
    auto event = co_await link_->read();
    if (ended_) co_return;
    const auto now = clock_.now();
    if (auto* message = std::get_if<net::TextMessage>(&event)) {
      if (offer_frame_ && looks_like_offer(message->text)) offer_frame_();
      const std::string text = std::move(message->text);
      perform(session_->text(text, now));
    } else if (std::holds_alternative<net::BinaryMessage>(event)) {
      perform(session_->binary(now));
    } else {
      const auto& closed = std::get<net::Closed>(event);
      perform(session_->closed(closed.code, closed.reason));
    }
  }
}

asio::awaitable<void> StudioLink::tick_loop() {
  using namespace asio::experimental::awaitable_operators;
  while (!ended_) {
    armed_until_ = session_->next_tick();
    auto due = clock_.sleep_until(armed_until_) || rearm_.wait();
    co_await std::move(due);
    if (ended_) co_return;
    if (const auto now = clock_.now(); now >= session_->next_tick()) perform(session_->tick(now));
  }
}

asio::awaitable<void> StudioLink::pause(base::Duration delay) {
  using namespace asio::experimental::awaitable_operators;
  const auto until = clock_.now() + delay;
  auto either = clock_.sleep_until(until) || stop_.wait();
  co_await std::move(either);
}

void StudioLink::perform(protocol::Actions actions) {
  for (auto& action : actions) perform_one(std::move(action));
  if (ended_)
    rearm_.notify();
  else
    rearm();
}

void StudioLink::perform_one(protocol::Action action) {
  if (auto* frame = std::get_if<protocol::Send>(&action)) {
    if (frame->heartbeat) base::log::debug("heartbeat", "the studio is told that this worker lives");
    const auto priority = frame->lane == protocol::Lane::kLogs ? net::Priority::kDroppable : net::Priority::kControl;
    if (const auto sent = link_->send(std::move(frame->text), priority); !sent) {
      base::log::debug("ws", "a frame was not sent", {{"why", sent.error().message}});
    }
  } else if (std::holds_alternative<protocol::SendPing>(action)) {
    link_->ping();
  } else if (std::holds_alternative<protocol::SendLogs>(action)) {
    send_logs();
  } else if (auto* offer = std::get_if<protocol::DeliverOffer>(&action)) {
    offers_.push(OfferedJob{std::move(offer->offer), number_});
  } else if (std::holds_alternative<protocol::Welcomed>(action)) {
    status_.state = LinkState::kConnected;
    status_.detail.clear();
    status_.connected_since = clock_.now();
    session_changed_.notify();
  } else if (auto* ack = std::get_if<protocol::Acknowledged>(&action)) {
    if (const auto found = acks_.find(ack->job); found != acks_.end()) {
      found->second->outcome = base::Status();
      found->second->arrived.notify();
    }
  } else if (auto* line = std::get_if<protocol::Note>(&action)) {
    note(line->level, std::move(line->message), std::move(line->job));
  } else if (auto* close = std::get_if<protocol::CloseLink>(&action)) {
    close_ = std::move(*close);
  } else if (auto* ended = std::get_if<protocol::Ended>(&action)) {
    ended_ = std::move(*ended);
  }
}

void StudioLink::send_logs() {
  protocol::LogBatch batch{logs_.next_batch()};
  const std::size_t entries = batch.entries.size();
  // A droppable frame evicts no other, so the link logs nothing in between that would come back into this queue.
  if (entries > 0 && link_->send(protocol::encode(std::move(batch)), net::Priority::kDroppable)) logs_.sent(entries);
  session_->logs_sent(!logs_.empty(), clock_.now());
}

/// Only an earlier deadline needs the ticker: a later one is found when it wakes.
void StudioLink::rearm() {
  if (session_ && session_->next_tick() < armed_until_) rearm_.notify();
}

void StudioLink::stop() {
  if (std::exchange(stopping_, true)) return;
  if (session_) perform(session_->stop("session ended"));
  stop_.notify();
}

asio::awaitable<OfferedJob> StudioLink::next_offer() {
  co_return co_await offers_.pop();
}

base::Status StudioLink::send(const protocol::ToStudio& frame, SessionNumber session) {
  if (!session_ || session != number_ || ended_) return session_over();
  return link_->send(protocol::encode(frame), net::Priority::kControl);
}

base::Status StudioLink::accept(const base::JobId& job, SessionNumber session) {
  return send(protocol::Accept{job}, session);
}

base::Status StudioLink::reject(const base::JobId& job, SessionNumber session, job::RejectCode code,
                                std::string reason) {
  return send(protocol::Reject{job, std::move(reason), code}, session);
}

base::Status StudioLink::complete_json(const base::JobId& job, SessionNumber session, std::string result,
                                       std::string prompt) {
  return send(protocol::CompleteJson{job, std::move(result), std::move(prompt)}, session);
}

base::Status StudioLink::fail(const base::JobId& job, SessionNumber session, std::string error, bool retryable) {
  return send(protocol::Fail{job, std::move(error), retryable}, session);
}

asio::awaitable<base::Status> StudioLink::acknowledged(base::JobId job, SessionNumber session) {
  if (!session_ || session != number_) co_return session_over();
  auto& entry = acks_[job];
  if (!entry) entry = std::make_shared<AckWait>();
  const auto wait = entry;
  while (!wait->outcome) co_await wait->arrived.wait();
  const auto outcome = *wait->outcome;
  if (const auto found = acks_.find(job); found != acks_.end() && found->second == wait) acks_.erase(found);
  co_return outcome;
}

void StudioLink::set_capabilities(protocol::Capabilities capabilities) {
  if (capabilities == capabilities_) return;
  capabilities_ = std::move(capabilities);
  if (session_ && !ended_) perform(session_->set_capabilities(capabilities_, clock_.now()));
}

void StudioLink::set_current_job(std::optional<base::JobId> job) {
  if (job == current_job_) return;
  current_job_ = std::move(job);
  if (session_ && !ended_) perform(session_->set_current_job(current_job_, clock_.now()));
}

void StudioLink::note(Level level, std::string message, const std::optional<AboutJob>& about) {
  bool routed = false;
  if (about && about->kind) {
    routed = base::log::note(level, "ws", message, {{"job", about->job}},
                             {{"game", about->game}, {"kind", job::to_string(*about->kind)}});
  } else if (about) {
    routed = base::log::note(level, "ws", message, {{"job", about->job}}, {});
  } else {
    routed = base::log::note(level, "ws", message, {}, {});
  }
  if (routed) return;
  std::optional<base::JobId> job;
  if (about) job = about->job;
  ship({clock_.wall_now(), level, "ws", std::move(message), std::move(job)});
}

void StudioLink::ship(LogLine line) {
  logs_.push(std::move(line));
  if (!session_ || ended_) return;
  session_->logs_waiting(clock_.now());
  rearm();
}

LinkStatus StudioLink::status() const {
  LinkStatus status = status_;
  if (session_) {
    status.counters.frames += session_->counters().frames;
    status.counters.bad_frames += session_->counters().bad_frames;
    status.counters.unknown_frames += session_->counters().unknown_frames;
    status.counters.rejected_unreadable += session_->counters().rejected_unreadable;
  }
  status.logs_queued = logs_.size();
  status.logs_dropped = logs_.dropped();
  return status;
}

}  // namespace studio
