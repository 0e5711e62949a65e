#include "desk/studio.h"

#include <algorithm>

#include "base/log.h"
#include "wire/outbound.h"

namespace desk {
namespace {

// Contract 10: the studio looks for stale sessions every 10 s.
constexpr double kSweepSeconds = 10;

base::Duration seconds(double value) {
  return base::Duration(static_cast<std::int64_t>(value * 1e9));
}

double sweep_interval(const scenario::Settings& settings) {
  return std::min(kSweepSeconds, std::max(0.01, settings.heartbeat_timeout_s / 3));
}

json::object session_report(const Session& session, std::optional<std::uint16_t> code, const Record& record,
                            base::SteadyTime now) {
  json::object row{{"worker", session.worker},
                   {"agent", session.capabilities.agent_version},
                   {"connected_ms", record.ms_since_start(session.connected)},
                   {"closed_ms", record.ms_since_start(now)},
                   {"closed", session.ended_by},
                   {"close_code", nullptr},
                   {"heartbeats", session.heartbeats}};
  const std::optional<std::uint16_t> shown = session.ordered_code ? session.ordered_code : code;
  if (shown) row["close_code"] = *shown;
  return row;
}

}  // namespace

Studio::Studio(scenario::Scenario scenario, std::string base_url, RunOptions options, base::SteadyTime start)
    : settings_(std::move(scenario.studio)),
      faults_(std::move(scenario.faults)),
      base_url_(std::move(base_url)),
      options_(options),
      start_(start),
      record_(start),
      registry_(settings_, faults_, record_),
      book_(settings_.job_prefix.empty() ? "job-" + base::random_hex(3) : settings_.job_prefix, settings_.max_attempts),
      next_sweep_(start + seconds(sweep_interval(settings_))) {
  book_.add(scenario.jobs, settings_.order);
  // Without jobs of its own a scenario waits for those that come over the control route.
  if (scenario.jobs.empty()) options_.stay = true;
}

Session* Studio::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

Session* Studio::live_session_of(const std::string& worker) {
  for (auto& [id, session] : sessions_) {
    if (session.worker == worker && session.phase != Session::Phase::kEnding) return &session;
  }
  return nullptr;
}

std::size_t Studio::welcomed() const {
  return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), [](const auto& item) {
    return item.second.phase == Session::Phase::kWelcomed;
  }));
}

json::array Studio::session_rows(base::SteadyTime now) const {
  json::array rows = record_.sessions();
  for (const auto& [id, session] : sessions_) {
    json::object row = session_report(session, std::nullopt, record_, now);
    row["closed_ms"] = nullptr;
    row["closed"] = "open";
    rows.push_back(std::move(row));
  }
  return rows;
}

std::optional<unsigned> Studio::refuse_upgrade() {
  ++upgrades_;
  record_.count("upgrades");
  for (const scenario::CodeAt& fault : faults_.upgrade_status) {
    if (fault.at == upgrades_) return fault.code;
  }
  return std::nullopt;
}

SessionId Studio::connect(const std::string& worker, base::SteadyTime now) {
  for (auto& [id, session] : sessions_) {
    if (session.worker != worker || session.phase == Session::Phase::kEnding) continue;
    session.ended_by = "replaced";
    if (session.silent)
      cut(session, now);
    else
      shut(session, 4003, "a newer connection took over", now);
  }
  Session session;
  session.id = next_session_++;
  session.worker = worker;
  session.connected = now;
  session.last_heartbeat = now;
  record_.count("sessions");
  if (faults_.go_silent_after_s && session.id == 1) silence_at_ = now + seconds(*faults_.go_silent_after_s);
  const SessionId id = session.id;
  sessions_.emplace(id, std::move(session));
  after(now);
  return id;
}

void Studio::on_closed(SessionId id, std::optional<std::uint16_t> code, base::SteadyTime now) {
  Session* session = find(id);
  if (session == nullptr) return;
  const bool watched = session->listens();
  if (watched && now - session->last_heartbeat > kLongestGap) {
    record_.violation("heartbeat-late", "no heartbeat in the last 7.5 s of the session", "", "", now);
  }
  if (watched) session->ended_by = code ? "worker" : "lost";
  release(*session, "the session ended", now);
  record_.end_session(session_report(*session, code, record_, now));
  base::log::info("session", "ended", {{"worker", session->worker}, {"by", session->ended_by}});
  sessions_.erase(id);
  after(now);
}

void Studio::send(Session& session, std::string name, std::string text) {
  if (session.silent || session.phase == Session::Phase::kEnding) return;
  record_.count("out." + name);
  actions_.emplace_back(Send{.session = session.id, .text = std::move(text)});
}

void Studio::shut(Session& session, std::uint16_t code, const std::string& reason, base::SteadyTime now) {
  if (session.phase == Session::Phase::kEnding) return;
  const std::string_view error = wire::error_code_for(code);
  if (!error.empty() && !faults_.bare_close) send(session, "error", wire::error(error, reason));
  if (session.ended_by == "worker") session.ended_by = "studio";
  session.phase = Session::Phase::kEnding;
  session.ordered_code = code;
  actions_.emplace_back(Close{session.id, code, reason});
  release(session, "the studio closed the session: " + reason, now);
}

void Studio::cut(Session& session, base::SteadyTime now) {
  if (session.phase == Session::Phase::kEnding) return;
  if (session.ended_by == "worker") session.ended_by = "dropped";
  session.phase = Session::Phase::kEnding;
  actions_.emplace_back(Drop{session.id});
  release(session, "the connection was dropped", now);
}

void Studio::silence(Session& session) {
  if (session.silent || session.phase == Session::Phase::kEnding) return;
  session.silent = true;
  session.ended_by = "silent";
  actions_.emplace_back(Silence{session.id});
}

void Studio::sweep(base::SteadyTime now) {
  for (auto& [id, session] : sessions_) {
    if (session.phase == Session::Phase::kEnding) continue;
    if (now - session.last_heartbeat <= seconds(settings_.heartbeat_timeout_s)) continue;
    if (session.silent) {
      cut(session, now);
      continue;
    }
    record_.violation("heartbeat-late", "no heartbeat within the timeout", "", "", now);
    shut(session, 1000, "heartbeat timeout", now);
  }
}

std::vector<std::string> Studio::add_jobs(const std::vector<scenario::Entry>& entries, base::SteadyTime now) {
  std::vector<std::string> ids = book_.add(entries, settings_.order);
  after(now);
  return ids;
}

void Studio::finish_when_settled(base::SteadyTime now) {
  finish_asked_ = true;
  after(now);
}

void Studio::drop_all(base::SteadyTime now) {
  for (auto& [id, session] : sessions_) cut(session, now);
  after(now);
}

void Studio::close_all(std::uint16_t code, base::SteadyTime now) {
  for (auto& [id, session] : sessions_) {
    if (code == 4004) registry_.forget(session.worker);
    if (session.silent)
      cut(session, now);
    else
      shut(session, code, "closed on request", now);
  }
  after(now);
}

void Studio::silence_all() {
  for (auto& [id, session] : sessions_) silence(session);
}

bool Studio::delete_worker(const std::string& worker, base::SteadyTime now) {
  if (!registry_.forget(worker)) return false;
  if (Session* session = live_session_of(worker)) shut(*session, 4004, "the worker was deleted", now);
  after(now);
  return true;
}

void Studio::on_time(base::SteadyTime now) {
  if (now >= next_sweep_) {
    sweep(now);
    next_sweep_ = now + seconds(sweep_interval(settings_));
  }
  const auto due = std::stable_partition(deferred_drops_.begin(), deferred_drops_.end(),
                                         [&](const auto& item) { return item.first > now; });
  for (auto item = due; item != deferred_drops_.end(); ++item) {
    if (Session* session = find(item->second)) cut(*session, now);
  }
  deferred_drops_.erase(due, deferred_drops_.end());
  if (silence_at_ && now >= *silence_at_) {
    silence_at_.reset();
    if (Session* session = find(1)) silence(*session);
  }
  for (auto& [id, session] : sessions_) {
    if (session.rest_until && now >= *session.rest_until) wake_resting(session);
  }
  after(now);
}

base::SteadyTime Studio::next_wake() const {
  base::SteadyTime wake = next_sweep_;
  const auto earlier = [&](const std::optional<base::SteadyTime>& time) {
    if (time) wake = std::min(wake, *time);
  };
  earlier(silence_at_);
  earlier(finish_at_);
  if (options_.seconds) earlier(start_ + seconds(*options_.seconds));
  for (const auto& [time, session] : deferred_drops_) earlier(time);
  earlier(paced_wake_);
  for (const auto& [id, session] : sessions_) earlier(session.rest_until);
  return wake;
}

void Studio::after(base::SteadyTime now) {
  if (run_state_ != RunState::kRunning) return;
  dispatch(now);
  const bool settled = book_.all_settled() && (finish_asked_ || !options_.stay);
  if (!settled)
    finish_at_.reset();
  else if (!finish_at_)
    finish_at_ = now + std::chrono::milliseconds(settings_.linger_ms);
  if (finish_at_ && now >= *finish_at_)
    run_state_ = RunState::kFinished;
  else if (options_.seconds && now >= start_ + seconds(*options_.seconds))
    run_state_ = RunState::kOutOfTime;
}

double Studio::jobs_per_second() const {
  if (!first_offer_ || !last_done_ || *last_done_ <= *first_offer_) return 0;
  return static_cast<double>(done_) * 1e9 / static_cast<double>((*last_done_ - *first_offer_).count());
}

}  // namespace desk
