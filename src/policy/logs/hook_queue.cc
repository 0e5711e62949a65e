#include "policy/logs/hook_queue.h"

#include <algorithm>
#include <utility>

namespace policy::logs {

base::log::Record HookQueue::take_front() {
  base::log::Record record = std::move(waiting_.front().record);
  waiting_.pop_front();
  return record;
}

std::vector<HookQueue::Done> HookQueue::push(base::log::Record record, bool ask) {
  std::vector<Done> done;
  if (waiting_.size() == kCapacity) {
    done.push_back({take_front(), true});
    if (gone_ < out_.size()) ++gone_;
  }
  waiting_.push_back({std::move(record), ask});
  return done;
}

std::vector<HookQueue::Done> HookQueue::take_unasked() {
  std::vector<Done> done;
  if (!out_.empty()) return done;
  while (!waiting_.empty() && !waiting_.front().ask) done.push_back({take_front(), false});
  return done;
}

std::vector<LogFacts> HookQueue::next_batch() {
  if (!out_.empty()) return {};
  for (const Waiting& each : waiting_) {
    if (!each.ask || out_.size() == kBatch) break;
    out_.push_back(facts_of(each.record));
  }
  gone_ = 0;
  return out_;
}

std::vector<HookQueue::Done> HookQueue::settle(const Rewritten& answer) {
  if (answer.records.empty() || answer.records.size() > out_.size()) return fail();
  std::vector<Done> done;
  for (std::size_t i = gone_; i < answer.records.size(); ++i) {
    const auto& after = answer.records[i];
    done.push_back({take_front(), !after});
    if (after) change(done.back().record, out_[i], *after);
  }
  recall();
  return done;
}

std::vector<HookQueue::Done> HookQueue::fail() {
  std::vector<Done> done;
  for (std::size_t i = gone_; i < out_.size(); ++i) done.push_back({take_front(), true});
  recall();
  return done;
}

void HookQueue::recall() {
  out_.clear();
  gone_ = 0;
}

std::vector<HookQueue::Done> HookQueue::take_all(bool hooks_failed) {
  std::vector<Done> done;
  while (!waiting_.empty()) {
    const bool failed = hooks_failed && waiting_.front().ask;
    done.push_back({take_front(), failed});
  }
  gone_ = out_.size();
  return done;
}

}  // namespace policy::logs
