#include "worker/watch/trace.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "policy/records/record.h"

namespace worker {
namespace {

namespace json = boost::json;

}  // namespace

json::object json_of(const Verdict& verdict) {
  return {{"at", base::format_utc(verdict.at)},
          {"job", verdict.job.str()},
          {"game", verdict.game.str()},
          {"kind", job::to_string(verdict.kind)},
          {"accepted", verdict.accepted},
          {"code", verdict.code},
          {"reason", verdict.reason},
          {"rule", verdict.rule},
          {"generation", verdict.generation},
          {"took_us", std::chrono::duration<double, std::micro>(verdict.took).count()}};
}

void Trace::decided(const Verdict& verdict) {
  add(verdict);
}

void Trace::paused(const policy::pause::Pause& pause) {
  json::array held;
  for (const auto& one : pause.held) {
    held.push_back(json::object{
        {"title", one.title}, {"rule", one.rule}, {"why", one.why}, {"action", policy::pause::to_string(one.action)}});
  }
  add(json::object{{"event", pause.paused() ? "pause" : "resume"}, {"held", std::move(held)}});
}

void Trace::policy(const policy::PolicyStatus& status, const std::string& summary) {
  add(json::object{{"event", "policy"},
                   {"generation", status.generation},
                   {"hash", status.hash},
                   {"error", status.error},
                   {"held", status.held},
                   {"text", summary}});
}

void Trace::operator_said(const std::string& text) {
  add(json::object{{"event", "operator"}, {"text", text}});
}

void Trace::add(std::variant<Verdict, json::object> what) {
  events_.push_back({clock_.wall_now(), std::move(what)});
  ++next_;
  if (events_.size() > kMost) events_.pop_front();
  happened_.notify();
}

control::TraceKept Trace::kept() const {
  const auto since = events_.empty() ? clock_.wall_now() : events_.front().at;
  return {next_ - events_.size(), next_, policy::records::format_time(since)};
}

std::string Trace::end() const {
  return json::serialize(json::object{{"event", "end"}, {"at", policy::records::format_time(clock_.wall_now())}});
}

asio::awaitable<control::TraceEvent> Trace::event(std::uint64_t from) {
  while (next_ <= from) co_await happened_.wait();
  const auto number = std::max(from, next_ - events_.size());
  const Event& event = events_.at(number - (next_ - events_.size()));
  const auto* verdict = std::get_if<Verdict>(&event.what);
  auto object = verdict != nullptr ? json_of(*verdict) : std::get<json::object>(event.what);
  if (verdict != nullptr) object["event"] = "offer";
  // To the microsecond: the decision records of before are told apart by it.
  object["at"] = policy::records::format_time(event.at);
  co_return control::TraceEvent{number, json::serialize(object)};
}

}  // namespace worker
