#include "worker/watch/trace.h"

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
  auto event = json_of(verdict);
  event["event"] = "offer";
  add(std::move(event));
}

void Trace::paused(const policy::pause::Pause& pause) {
  json::array held;
  for (const auto& one : pause.held) {
    held.push_back(json::object{
        {"title", one.title}, {"rule", one.rule}, {"why", one.why}, {"action", policy::pause::to_string(one.action)}});
  }
  add({{"event", pause.paused() ? "pause" : "resume"}, {"held", std::move(held)}});
}

void Trace::policy(const policy::PolicyStatus& status, const std::string& summary) {
  add({{"event", "policy"},
       {"generation", status.generation},
       {"hash", status.hash},
       {"error", status.error},
       {"held", status.held},
       {"text", summary}});
}

void Trace::operator_said(const std::string& text) {
  add({{"event", "operator"}, {"text", text}});
}

/// To the microsecond: the decision records of before are told apart by it.
void Trace::add(json::object event) {
  auto now = policy::records::format_time(clock_.wall_now());
  event["at"] = now;
  events_.push_back({next_, std::move(now), json::serialize(event)});
  ++next_;
  if (events_.size() > kMost) events_.pop_front();
  happened_.notify();
}

control::TraceKept Trace::kept() const {
  if (events_.empty()) return {next_, next_, policy::records::format_time(clock_.wall_now())};
  return {events_.front().number, next_, events_.front().at};
}

asio::awaitable<control::TraceEvent> Trace::event(std::uint64_t from) {
  while (next_ <= from) co_await happened_.wait();
  const auto first = events_.front().number;
  co_return events_.at(from > first ? from - first : 0);
}

}  // namespace worker
