#include "desk/report.h"

#include <algorithm>
#include <cmath>

namespace desk {
namespace {

double tenths(double value) {
  return std::round(value * 10) / 10;
}

json::value shown(const std::optional<double>& value) {
  return value ? json::value(tenths(*value)) : json::value(nullptr);
}

json::object job_row(const Job& job) {
  json::object row{{"id", job.id},
                   {"kind", scenario::to_string(job.entry->kind)},
                   {"game", job.entry->game},
                   {"asset", job.entry->asset},
                   {"model", job.entry->model},
                   {"outcome", scenario::to_string(job.outcome)},
                   {"verdict", job.verdict},
                   {"reason", job.reason},
                   {"code", job.code},
                   {"attempts", job.attempts},
                   {"offers", job.offers},
                   {"soft_declines", job.soft_declines},
                   {"deliveries", job.deliveries},
                   {"result", nullptr},
                   {"offer_to_answer_us", shown(job.answer_us)},
                   {"offer_to_done_us", shown(job.done_us)}};
  if (job.result) {
    row["result"] = {{"file", job.result->file},
                     {"bytes", job.result->bytes},
                     {"sha256", job.result->sha256},
                     {"ext", job.result->ext}};
  }
  return row;
}

json::object violation_row(const Violation& violation) {
  return {{"rule", violation.rule},
          {"detail", violation.detail},
          {"frame", violation.frame},
          {"job", violation.job},
          {"at_ms", tenths(violation.at_ms)}};
}

}  // namespace

json::object percentiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    if (values.empty()) return json::value(nullptr);
    const double rank = std::ceil(share * static_cast<double>(values.size()));
    const auto place = static_cast<std::size_t>(std::max(1.0, rank)) - 1;
    return json::value(tenths(values[std::min(place, values.size() - 1)]));
  };
  return {{"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"max", at(1)}, {"count", values.size()}};
}

json::object make_report(const Studio& studio, base::SteadyTime now) {
  const Record& record = studio.record();
  json::array violations;
  for (const Violation& violation : record.all_violations()) violations.push_back(violation_row(violation));
  json::array jobs;
  std::vector<double> done;
  for (const Job& job : studio.book().all()) {
    jobs.push_back(job_row(job));
    if (job.done_us) done.push_back(*job.done_us);
  }
  json::object counters;
  for (const auto& [name, count] : record.counters()) counters[name] = count;
  return {{"violations", std::move(violations)},
          {"jobs", std::move(jobs)},
          {"latency_us",
           {{"offer_to_answer", percentiles(studio.answer_latencies())}, {"offer_to_done", percentiles(done)}}},
          {"jobs_per_second", tenths(studio.jobs_per_second())},
          {"elapsed_ms", tenths(record.ms_since_start(now))},
          {"settled", studio.book().settled()},
          {"sessions", studio.session_rows(now)},
          {"logs", record.logs()},
          {"counters", std::move(counters)}};
}

int exit_code(const Studio& studio) {
  if (studio.record().violation_count() > 0) return 1;
  return studio.run_state() == RunState::kOutOfTime ? 3 : 0;
}

}  // namespace desk
