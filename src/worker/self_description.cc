// What the worker says of itself: the capabilities snapshot and the status document.

#include <unistd.h>

#include <boost/json.hpp>

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

json::array verdict_rows(const std::deque<Verdict>& verdicts) {
  json::array rows;
  for (const auto& verdict : verdicts) {
    rows.push_back(json::object{{"at", base::format_utc(verdict.at)},
                                {"job", verdict.job.str()},
                                {"game", verdict.game.str()},
                                {"kind", std::string(job::to_string(verdict.kind))},
                                {"accepted", verdict.accepted},
                                {"code", verdict.code},
                                {"reason", verdict.reason},
                                {"rule", verdict.rule},
                                {"generation", verdict.generation},
                                {"took_us", seconds(verdict.took) * 1e6}});
  }
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

}  // namespace

protocol::Capabilities Worker::capabilities() const {
  protocol::Capabilities capabilities;
  capabilities.machine_name = options_.identity.machine_name;
  capabilities.username = options_.identity.username;
  capabilities.agent_version = options_.identity.version;
  capabilities.vram_total_gb = total_vram_gb(options_.gpus);
  capabilities.vram_threshold_gb = ledger_.operator_bound_gb();
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
                     {"registration", registration_ ? registration_() : std::string("not registered")},
                     {"connection", std::move(connection)},
                     {"claiming", rules_.claiming(now) && !policy.safe_mode && link.state != studio::LinkState::kEnded},
                     {"paused", rules_.paused(now)},
                     {"draining", rules_.draining()}};
  if (const auto until = rules_.paused_until(); until && rules_.paused(now)) {
    state["paused_for_seconds"] = seconds(*until - now);
  }
  state["policy"] =
      json::object{{"generation", policy.generation}, {"files", json::array(policy.files.begin(), policy.files.end())},
                   {"error", policy.error},           {"safe_mode", policy.safe_mode},
                   {"restarts", policy.restarts},     {"errors", policy.errors}};
  state["vram"] = json::object{{"bound_gib", gib(ledger_.bound())}, {"promised_gib", gib(ledger_.promised())}};
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
