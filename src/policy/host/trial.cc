// A save is tried by its own tests, and on the offers of the last days, before it comes into force.

#include <utility>

#include "base/async/run_on.h"
#include "base/log.h"
#include "policy/host/host.h"
#include "policy/records/canary.h"
#include "policy/testing/run.h"

namespace policy {
namespace {

/// What was used then is not recorded, so no quota bounds.
const std::vector<base::WallTime> kNoPeriods;

}  // namespace

/// One line for each that failed; empty when all hold. The child's own limit comes first.
asio::awaitable<std::string> Host::failed_tests(ChildPtr candidate, const SourceFiles& files) {
  if (!has_tests(files)) co_return std::string();
  const auto limit = testing::kTestTime + options_.hard_limit;
  auto errors = co_await candidate->test(clock_, testing::kTestTime, limit);
  if (!errors) co_return "the tests of the policy did not end: " + errors.error().message;
  std::string text;
  for (const std::string& error : *errors) text += (text.empty() ? "" : "\n") + error;
  co_return text;
}

/// Nothing is held against a policy while none is in force: there would be nothing to stay with.
asio::awaitable<Host::Trial> Host::try_out(ChildPtr candidate) {
  if (!declared_) co_return Trial();
  const auto offers = co_await recorder_.newest(records::kTried);
  std::size_t accepted = 0;
  for (const auto& record : offers) {
    const auto verdict =
        co_await candidate->decide(clock_, record.offer, record.facts, kNoPeriods, false, options_.hard_limit);
    const std::string& error = verdict ? verdict->error : verdict.error().message;
    if (!error.empty()) co_return Trial{records::refusal(error, record), ""};
    if (verdict->decision.accepted) ++accepted;
    co_await base::give_way(1);
  }
  if (offers.empty() || accepted > 0) co_return Trial();
  const auto before = co_await accepted_by_active(offers);
  if (!before) co_return Trial();
  co_return Trial{"", records::doubt(offers.size(), *before)};
}

/// Nothing when the active child cannot be asked now.
asio::awaitable<std::optional<std::size_t>> Host::accepted_by_active(
    const std::vector<records::DecisionRecord>& offers) {
  std::size_t accepted = 0;
  for (const auto& record : offers) {
    while (deciding_) co_await turn_.wait();
    const Turn turn(deciding_, turn_);
    const auto child = active_;
    if (!child) co_return std::nullopt;
    const auto verdict =
        co_await child->decide(clock_, record.offer, record.facts, kNoPeriods, false, options_.hard_limit);
    if (!verdict) {
      lose(child, verdict.error().message);
      co_return std::nullopt;
    }
    if (verdict->decision.accepted) ++accepted;
  }
  co_return accepted;
}

void Host::hold(SourceFiles files, std::string doubt) {
  held_ = std::move(files);
  status_.error.clear();
  status_.held = std::move(doubt) + "; if that is meant: studio-worker policy promote";
  status_.rejected = keeper_.next_number();
  base::log::warn("policy", "the saved policy is held: the last one stays in force", {{"why", status_.held}});
  changed();
}

}  // namespace policy
