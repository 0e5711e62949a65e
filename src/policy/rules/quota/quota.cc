#include "policy/rules/quota/quota.h"

#include "base/text/counted.h"
#include "policy/rules/units.h"

namespace policy::rules {
namespace {

std::string per_text(const Quota& quota) {
  return " per \"" + quota.per + "\"";
}

std::string time_text(base::Duration time) {
  return format_span(time) + " of GPU time";
}

}  // namespace

std::string to_text(const Quota& quota) {
  std::string text;
  if (quota.jobs) text = base::counted(*quota.jobs, "job");
  if (quota.gpu_time) text += (text.empty() ? "" : " and ") + time_text(*quota.gpu_time);
  return text + per_text(quota);
}

std::string objection(const Quota& quota, const job::Used& used) {
  std::string bound;
  if (quota.jobs && used.jobs >= *quota.jobs)
    bound = base::counted(*quota.jobs, "job");
  else if (quota.gpu_time && used.gpu_time >= *quota.gpu_time)
    bound = time_text(*quota.gpu_time);
  return bound.empty() ? bound : "quota of " + bound + per_text(quota) + " used up";
}

std::string state_text(const Quota& quota, const job::Used& used) {
  std::string text = "used ";
  if (quota.jobs) text += std::to_string(used.jobs) + " of " + base::counted(*quota.jobs, "job");
  if (quota.jobs && quota.gpu_time) text += " and ";
  if (quota.gpu_time) text += format_span(used.gpu_time) + " of " + time_text(*quota.gpu_time);
  return text + per_text(quota);
}

std::string next_text(const Quota& quota, const Period& period, const Zone& zone) {
  if (!period.next) return {};
  return "; next \"" + quota.per + "\" starts " + format_local(zone, *period.next);
}

}  // namespace policy::rules
