#include "policy/testing/trial.h"

#include <algorithm>

namespace policy::testing {
namespace {

using namespace std::chrono_literals;

constexpr base::Bytes kSameBound = base::kMiB;  // percentages and decimals of GiB do not meet to the byte
constexpr std::size_t kLongestWhy = 200;

base::WallTime default_start(const rules::Zone& zone) {
  const auto day = std::chrono::year(2026) / std::chrono::March / 24;
  return zone.instant(std::chrono::sys_days(day), 12h);
}

base::Error conflict(std::string text) {
  return {base::Code::kConflict, std::move(text)};
}

std::string by(const std::string& rule) {
  return rule.empty() ? "" : " (" + rule + ")";
}

std::string outcome_of(const job::Decision& decision) {
  if (decision.accepted) return "accepted" + by(decision.rule);
  return "declined \"" + decision.reason + "\"" + by(decision.rule);
}

std::string outcome_of(const pause::Pause& pause) {
  if (!pause.paused()) return "nothing pauses";
  std::string text = "paused by ";
  for (const pause::Held& held : pause.held) {
    if (&held != &pause.held.front()) text += ", ";
    text += "\"" + held.title + "\" (" + held.rule + (held.rule.empty() ? "" : ": ") + held.why.substr(0, kLongestWhy) +
            ")";
  }
  return text;
}

std::string bound_text(std::optional<base::Bytes> bytes) {
  return bytes ? "a bound of " + rules::format_size(*bytes) : "no bound of memory";
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

base::log::Record record_of(const logs::LogFacts& facts, base::WallTime now) {
  base::log::Record record{std::chrono::time_point_cast<std::chrono::system_clock::duration>(now), facts.level,
                           facts.about, facts.message};
  if (facts.job) record.fields.emplace_back("job", *facts.job);
  if (facts.game) record.fields.emplace_back("game", *facts.game);
  if (facts.kind) record.fields.emplace_back("kind", *facts.kind);
  if (facts.details) record.fields.emplace_back("details", *facts.details);
  return record;
}

std::optional<std::string> fact(const logs::LogFacts& facts, std::string_view name) {
  if (name == "level") return std::string(base::log::to_string(facts.level));
  if (name == "about") return facts.about;
  if (name == "message") return facts.message;
  if (name == "job") return facts.job;
  if (name == "game") return facts.game;
  if (name == "kind") return facts.kind;
  return facts.details;
}

std::string quoted(const std::optional<std::string>& value) {
  return value ? "\"" + *value + "\"" : "gone";
}

}  // namespace

Trial::Trial(PolicyRuntime& policy, Seen* seen)
    : policy_(policy),
      seen_(seen),
      stage_(policy, default_start(policy.rules().calendar.zone())),
      log_table_(policy.rules().logs, base::log::Level::kInfo) {}

void Trial::fail(std::string place, std::string text) {
  if (!failure_) failure_ = Failure{std::move(place), std::move(text), std::exchange(trace_, {})};
}

job::Decision Trial::decide(const Offered& offered) {
  auto verdict = stage_.offer(offered.offer, offered.known, true);
  trace_ = std::move(verdict.decision.trace);
  policy_error_ = std::move(verdict.error);
  if (seen_ != nullptr) {
    for (const job::TraceLine& line : trace_) {
      if (line.vote != job::Vote::kSkipped && line.vote != job::Vote::kNoOpinion) note(line.rule);
    }
    note_windows();
  }
  return std::move(verdict.decision);
}

base::Status Trial::accepts(const Offered& offered) {
  const auto decision = decide(offered);
  if (!policy_error_.empty()) return conflict("the policy failed: " + policy_error_);
  if (!decision.accepted) return conflict("expected an accept: " + outcome_of(decision));
  trace_.clear();
  return {};
}

base::Status Trial::declines(const Offered& offered, const std::string& part_of_reason) {
  const auto decision = decide(offered);
  if (!policy_error_.empty()) return conflict("the policy failed: " + policy_error_);
  if (decision.accepted || decision.reason.find(part_of_reason) == std::string::npos) {
    return conflict("expected a decline" + (part_of_reason.empty() ? "" : " with \"" + part_of_reason + "\"") + ": " +
                    outcome_of(decision));
  }
  trace_.clear();
  return {};
}

base::Status Trial::functions_are_well() {
  if (!stage_.error().empty()) return conflict("the policy failed: " + stage_.error());
  return {};
}

base::Status Trial::paused(const std::string& part_of_title) {
  note_pauses();
  CHECK_OK(functions_are_well());
  const auto& held = stage_.pause().held;
  const bool found = std::any_of(held.begin(), held.end(), [&](const pause::Held& one) {
    return one.title.find(part_of_title) != std::string::npos;
  });
  if (found) return {};
  return conflict("expected a pause" + (part_of_title.empty() ? "" : " \"" + part_of_title + "\"") + ": " +
                  outcome_of(stage_.pause()));
}

base::Status Trial::running() {
  note_pauses();
  CHECK_OK(functions_are_well());
  if (!stage_.pause().paused()) return {};
  return conflict("expected no pause: " + outcome_of(stage_.pause()));
}

base::Status Trial::bounded(std::optional<base::Bytes> bytes) {
  note_windows();
  const auto bound = stage_.bound();
  note(bound.rule);
  CHECK_OK(functions_are_well());
  const bool same = bytes && bound.bytes ? std::max(*bytes, *bound.bytes) - std::min(*bytes, *bound.bytes) < kSameBound
                                         : bytes.has_value() == bound.bytes.has_value();
  if (same) return {};
  return conflict("expected " + bound_text(bytes) + ": it is " + bound_text(bound.bytes) + by(bound.rule));
}

/// The places by their names. Errors: kConflict, when a function failed.
base::Result<std::vector<std::string>> Trial::route(const base::log::Record& record) {
  const auto answer = log_table_.ask(record, base::SteadyTime(stage_.now().time_since_epoch()));
  if (!answer.matched) return std::vector<std::string>{"usual"};
  std::vector<std::string> sinks;
  const auto& entries = log_table_.rules();
  for (const std::size_t entry : answer.entries) {
    note(rules::to_string(entries[entry].place));
    sinks.push_back(logs::to_string(entries[entry]));
  }
  if (answer.ended_by) note(rules::to_string(entries[*answer.ended_by].place));
  return sinks;
}

base::Status Trial::logged(const logs::LogFacts& record, const ExpectedLog& expected) {
  auto rewritten = policy_.rewrite({record}, stage_.now());
  if (!rewritten.error.empty()) return conflict("the policy failed: " + rewritten.error);
  const auto& after = *rewritten.records.front();
  for (const auto& [name, wanted] : expected.facts) {
    const auto value = fact(after, name);
    if (value != wanted) return conflict("expected " + name + " " + quoted(wanted) + ": it is " + quoted(value));
  }
  auto changed = record_of(record, stage_.now());
  logs::change(changed, record, after);
  TRY(auto sinks, route(changed));
  auto wanted = expected.sinks;
  std::erase(wanted, "none");
  for (auto* names : {&wanted, &sinks}) std::sort(names->begin(), names->end());
  if (wanted == sinks) return {};
  return conflict("expected the record in " + joined(wanted) + ": it goes to " + joined(sinks));
}

void Trial::note_windows() {
  if (seen_ == nullptr) return;
  auto& calendar = stage_.rules().calendar;
  for (const std::string_view name : calendar.names()) {
    const auto place = calendar.find(name);
    if (place && calendar.inside(name, stage_.now())) note(rules::to_string(*place));
  }
}

void Trial::note_pauses() {
  if (seen_ == nullptr) return;
  note_windows();
  for (const pause::Held& held : stage_.pause().held) note(held.rule);
}

}  // namespace policy::testing
