#pragma once
// Everything that a run leaves behind for its report: violations, frame counters, shipped log lines, past sessions.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/clock.h"
#include "wire/problem.h"

namespace desk {

namespace json = boost::json;

using SessionId = std::uint64_t;

struct Violation {
  std::string rule;
  std::string detail;
  std::string frame;  // the frame or request as received, cut
  std::string job;
  double at_ms = 0;
};

class Record {
 public:
  explicit Record(base::SteadyTime start) : start_(start) {}

  /// Counts it, keeps it for the report and logs it.
  void violation(std::string_view rule, std::string_view detail, std::string_view frame, std::string_view job,
                 base::SteadyTime now);
  void violations(const wire::Problems& problems, std::string_view frame, std::string_view job, base::SteadyTime now);
  void count(std::string_view name, std::uint64_t by = 1);
  std::uint64_t counted(std::string_view name) const;
  void ship(const std::string& worker, const json::array& entries);
  void end_session(json::object session) { sessions_.push_back(std::move(session)); }

  double ms_since_start(base::SteadyTime now) const;
  std::size_t violation_count() const { return violations_.size(); }
  const std::vector<Violation>& all_violations() const { return violations_; }
  const json::array& logs() const { return logs_; }
  const json::array& sessions() const { return sessions_; }
  const std::map<std::string, std::uint64_t, std::less<>>& counters() const { return counters_; }

 private:
  base::SteadyTime start_;
  std::vector<Violation> violations_;
  std::map<std::string, std::uint64_t, std::less<>> counters_;
  json::array logs_;
  json::array sessions_;
};

}  // namespace desk
