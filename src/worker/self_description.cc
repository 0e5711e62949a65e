// What the worker says of itself: the capabilities snapshot and the status document.

#include <unistd.h>

#include <boost/json.hpp>

#include "policy/records/tally_text.h"
#include "worker/worker.h"

namespace worker {
namespace {

namespace json = boost::json;

double gib(base::Bytes bytes) {
  return static_cast<double>(bytes) / static_cast<double>(base::kGiB);
}

double total_vram_gb(const std::vector<job::GpuFacts>& gpus) {
  double total = 0;
  for (const auto& gpu : gpus) total += gpu.total ? gib(*gpu.total) : 0;
  return total;
}

double seconds(base::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// A computer that nobody ever used is shown as idle for a year.
constexpr double kLongestIdle = 365.0 * 24 * 3600;

json::array verdict_rows(const std::deque<Verdict>& verdicts) {
  json::array rows;
  for (const auto& verdict : verdicts) rows.push_back(json_of(verdict));
  return rows;
}

json::array job_rows(const JobTable& jobs, base::SteadyTime now) {
  json::array rows;
  for (const auto& [id, active] : jobs.all()) {
    json::object row{{"job", id.str()},
                     {"game", active->game.str()},
                     {"kind", std::string(job::to_string(active->kind))},
                     {"stage", std::string(to_string(active->stage))},
                     {"claimed", active->session != 0},
                     {"seconds", seconds(now - active->since)}};
    if (active->progress && active->progress->fraction) row["fraction"] = *active->progress->fraction;
    rows.push_back(std::move(row));
  }
  return rows;
}

json::array pause_rows(const policy::pause::Pause& pause) {
  json::array rows;
  for (const auto& held : pause.held) {
    rows.push_back(json::object{{"title", held.title},
                                {"rule", held.rule},
                                {"why", held.why},
                                {"action", std::string(policy::pause::to_string(held.action))}});
  }
  return rows;
}

template <class Value>
json::object sensor_row(std::string_view name, const job::Reading<Value>& reading, json::value value, double age) {
  json::object row{{"sensor", std::string(name)}, {"known", reading.value.has_value()}, {"source", reading.source}};
  row["age_seconds"] = age;
  row["value"] = std::move(value);
  return row;
}

json::value gpu_users(const job::MachineFacts& facts) {
  json::array cards;
  for (const auto& gpu : facts.gpus.value.value_or(std::vector<job::GpuFacts>{})) {
    json::object card{{"gpu", gpu.index}, {"name", gpu.name}, {"temperature", nullptr}, {"foreign", nullptr}};
    if (gpu.temperature) card["temperature"] = *gpu.temperature;
    if (gpu.foreign) {
      json::array programs;
      for (const auto& process : *gpu.foreign) programs.emplace_back(process.name);
      card["foreign"] = std::move(programs);
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

json::array sensor_rows(const job::MachineFacts& facts, job::SensorSet watched, double age) {
  json::array rows;
  if (watched.has(job::Sensor::kApps)) {
    const auto count = facts.apps.value ? json::value(facts.apps.value->size()) : json::value();
    rows.push_back(sensor_row("apps", facts.apps, count, age));
  }
  if (watched.has(job::Sensor::kUser)) {
    json::value idle;
    if (facts.user_idle.value) idle = std::min(seconds(*facts.user_idle.value), kLongestIdle);
    rows.push_back(sensor_row("user_idle", facts.user_idle, std::move(idle), age));
  }
  if (watched.has(job::Sensor::kPower)) {
    const auto battery = facts.on_battery.value ? json::value(*facts.on_battery.value) : json::value();
    rows.push_back(sensor_row("on_battery", facts.on_battery, battery, age));
  }
  if (watched.has(job::Sensor::kGpus)) rows.push_back(sensor_row("gpus", facts.gpus, gpu_users(facts), age));
  return rows;
}

json::object policy_state(const policy::PolicyStatus& policy) {
  return {{"generation", policy.generation}, {"hash", policy.hash},
          {"since", policy.since},           {"files", json::array(policy.files.begin(), policy.files.end())},
          {"error", policy.error},           {"held", policy.held},
          {"rejected", policy.rejected},     {"disk_error", policy.disk_error},
          {"unrecorded", policy.unrecorded}, {"safe_mode", policy.safe_mode},
          {"restarts", policy.restarts},     {"errors", policy.errors},
          {"shadow", policy.shadow}};
}

}  // namespace

std::string Worker::shadow() const {
  const auto report = outside_.policy.shadow_report();
  if (!report) return "null";
  return json::serialize(json::object{{"path", report->path.string()},
                                      {"hash", report->hash},
                                      {"error", report->error},
                                      {"since", base::format_utc(report->since)},
                                      {"dropped", report->dropped},
                                      {"restarts", report->restarts},
                                      {"tally", json_of(report->tally)},
                                      {"text", to_text(report->tally)}});
}

protocol::Capabilities Worker::capabilities() const {
  protocol::Capabilities capabilities;
  capabilities.machine_name = options_.identity.machine_name;
  capabilities.username = options_.identity.username;
  capabilities.agent_version = options_.identity.version;
  capabilities.vram_total_gb = total_vram_gb(card_watch_.cards());
  capabilities.vram_threshold_gb = ledger_.told_bound_gb();
  capabilities.auto_enabled = rules_.claiming(outside_.clock.now());
  capabilities.auto_update = options_.auto_update;
  capabilities.start_minimised = options_.start_minimised;
  capabilities.only_when_idle = options_.only_when_idle;
  auto roster = outside_.engines.roster();
  capabilities.models = std::move(roster.models);
  capabilities.model_engines = std::move(roster.model_engines);
  return capabilities;
}

std::string Worker::status() const {
  const auto now = outside_.clock.now();
  const auto link = link_.status();
  const auto policy = outside_.policy.status();
  const auto& counters = pipeline_.counters();
  const auto& damage = outside_.journal.counters();
  json::object connection{{"state", std::string(studio::to_string(link.state))},
                          {"detail", link.detail},
                          {"worker", link.worker.str()},
                          {"sessions", link.sessions},
                          {"frames", link.counters.frames},
                          {"bad_frames", link.counters.bad_frames},
                          {"unknown_frames", link.counters.unknown_frames},
                          {"unreadable_offers", link.counters.rejected_unreadable},
                          {"logs_queued", link.logs_queued},
                          {"logs_dropped", link.logs_dropped}};
  if (link.connected_since) connection["connected_seconds"] = seconds(now - *link.connected_since);
  json::object state{{"pid", ::getpid()},
                     {"version", options_.identity.version},
                     {"uptime_seconds", seconds(now - started_)},
                     {"studio", link_.address_in_use()},
                     {"registration", registration_ ? registration_() : std::string("not registered")},
                     {"connection", std::move(connection)},
                     {"claiming", rules_.claiming(now) && !policy.safe_mode && link.state != studio::LinkState::kEnded},
                     {"paused", rules_.paused(now)},
                     {"draining", rules_.draining()}};
  if (const auto until = rules_.paused_until(); until && rules_.paused(now)) {
    state["paused_for_seconds"] = seconds(*until - now);
  }
  state["policy"] = policy_state(policy);
  state["pauses"] = pause_rows(pause_watch_.pause());
  if (const auto watched = pause_watch_.watched(); !watched.empty()) {
    state["sensors"] = sensor_rows(pause_watch_.facts(), watched, seconds(now - pause_watch_.read_at()));
  }
  if (!policy.log_problems.empty()) {
    state["log_problems"] = json::array(policy.log_problems.begin(), policy.log_problems.end());
  }
  state["vram"] = json::object{{"bound_gib", gib(ledger_.bound())}, {"promised_gib", gib(ledger_.promised())}};
  state["degraded"] = card_watch_.lost();
  state["counters"] = json::object{{"accepted", counters.accepted},     {"declined", counters.declined},
                                   {"adopted", counters.adopted},       {"delivered", counters.delivered},
                                   {"failed", counters.failed},         {"handed_back", counters.handed_back},
                                   {"superseded", counters.superseded}, {"journal_damaged", damage.damaged_records}};
  json::array cut_short;
  for (const auto& job : outside_.journal.abandoned()) cut_short.emplace_back(job.str());
  state["cut_short"] = std::move(cut_short);
  state["jobs"] = job_rows(jobs_, now);
  state["recent"] = verdict_rows(pipeline_.verdicts());
  return json::serialize(state);
}

}  // namespace worker
