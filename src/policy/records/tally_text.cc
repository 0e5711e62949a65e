#include "policy/records/tally_text.h"

#include "base/log.h"
#include "base/text/counted.h"
#include "policy/rules/units.h"

namespace policy::records {
namespace {

namespace json = boost::json;

double seconds_of(const WorkSum& work) {
  return std::chrono::duration<double>(work.time).count();
}

std::string work_text(const WorkSum& work, std::uint64_t offers) {
  std::string text = rules::format_span(work.time) + " of GPU time";
  if (work.unknown == offers) text = "GPU time unknown";
  if (work.unknown > 0 && work.unknown < offers) text += " and " + std::to_string(work.unknown) + " of unknown length";
  return " (" + text + ")";
}

std::string verdict_text(const job::Decision& decision) {
  return decision.accepted ? "accepted" : "declined \"" + base::log::printable(decision.reason) + "\"";
}

std::string rule_text(const std::string& rule) {
  return rule.empty() ? "no rule" : base::log::printable(rule);
}

std::string to_text(const ChangeGroup& group) {
  const auto& witness = group.witness;
  return std::to_string(group.offers) + " " + group.change + "  " + rule_text(group.before) + " -> " +
         rule_text(group.rule) + "\n  for example " + base::log::printable(witness.offer.id.str()) + "  " +
         base::log::printable(witness.offer.game.str()) + " / " + std::string(job::to_string(witness.offer.kind)) +
         "  " + format_time(witness.facts.now) + "\n  then " + verdict_text(witness.decision) + "\n  now  " +
         (group.error.empty() ? verdict_text(group.now) : group.error) + "\n";
}

json::object json_of(const job::Decision& decision) {
  return {{"accepted", decision.accepted}, {"reason", decision.reason}, {"rule", decision.rule}};
}

json::object json_of(const ChangeGroup& group) {
  const auto& witness = group.witness;
  auto then = json_of(witness.decision);
  then["generation"] = witness.decision.generation;
  return {{"change", group.change},
          {"before", group.before},
          {"rule", group.rule},
          {"offers", group.offers},
          {"error", group.error},
          {"witness", json::object{{"job", witness.offer.id.str()},
                                   {"at", format_time(witness.facts.now)},
                                   {"game", witness.offer.game.str()},
                                   {"kind", job::to_string(witness.offer.kind)},
                                   {"then", std::move(then)},
                                   {"now", json_of(group.now)}}}};
}

json::object json_of(const WorkSum& work) {
  return {{"gpu_seconds", seconds_of(work)}, {"unknown", work.unknown}};
}

}  // namespace

std::string to_text(const TallyReport& report) {
  std::string text = base::counted(report.offers, "offer") + ": " + std::to_string(report.same) + " same, " +
                     std::to_string(report.now_accepted) + " now accepted" +
                     (report.now_accepted > 0 ? work_text(report.gained, report.now_accepted) : "") + ", " +
                     std::to_string(report.now_refused) + " now refused" +
                     (report.now_refused > 0 ? work_text(report.lost, report.now_refused) : "") + ", " +
                     base::counted(report.errors, "error") + "\n";
  for (const auto& group : report.groups) text += "\n" + to_text(group);
  return text;
}

json::object json_of(const TallyReport& report) {
  json::array groups;
  for (const auto& group : report.groups) groups.push_back(json_of(group));
  return {{"offers", report.offers},           {"same", report.same},     {"now_accepted", report.now_accepted},
          {"now_refused", report.now_refused}, {"errors", report.errors}, {"gained", json_of(report.gained)},
          {"lost", json_of(report.lost)},      {"hash", report.hash},     {"groups", std::move(groups)}};
}

}  // namespace policy::records
