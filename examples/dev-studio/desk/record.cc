#include "desk/record.h"

#include "base/log.h"

namespace desk {
namespace {

// A frame may hold megabytes of prompt; the head tells which one it was.
constexpr std::size_t kFrameShown = 600;
// A worker gone mad must not fill the memory of the studio that reports it.
constexpr std::size_t kMostKept = 20000;

}  // namespace

void Record::violation(std::string_view rule, std::string_view detail, std::string_view frame, std::string_view job,
                       base::SteadyTime now) {
  count("violations");
  base::log::warn("violation", rule, {{"detail", detail}, {"job", job}});
  if (violations_.size() >= kMostKept) return;
  violations_.push_back({std::string(rule), base::log::printable(detail, kFrameShown),
                         base::log::printable(frame, kFrameShown), std::string(job), ms_since_start(now)});
}

void Record::violations(const wire::Problems& problems, std::string_view frame, std::string_view job,
                        base::SteadyTime now) {
  for (const wire::Problem& problem : problems) violation(problem.rule, problem.detail, frame, job, now);
}

void Record::count(std::string_view name, std::uint64_t by) {
  const auto found = counters_.find(name);
  if (found != counters_.end())
    found->second += by;
  else
    counters_.emplace(name, by);
}

std::uint64_t Record::counted(std::string_view name) const {
  const auto found = counters_.find(name);
  return found == counters_.end() ? 0 : found->second;
}

void Record::ship(const std::string& worker, const json::array& entries) {
  count("log_entries", entries.size());
  for (const json::value& entry : entries) {
    if (logs_.size() >= kMostKept) return;
    if (!entry.is_object()) continue;
    json::object line = entry.get_object();
    line["worker"] = worker;
    logs_.push_back(std::move(line));
  }
}

double Record::ms_since_start(base::SteadyTime now) const {
  return static_cast<double>((now - start_).count()) / 1e6;
}

}  // namespace desk
