#pragma once
// HookQueue: records that wait for what the log hooks make of them, in the order in which they were written. Pure.

#include <cstddef>
#include <deque>
#include <vector>

#include "base/log/router.h"
#include "policy/logs/log_facts.h"

namespace policy::logs {

class HookQueue {
 public:
  static constexpr std::size_t kCapacity = 1000;
  static constexpr std::size_t kBatch = 64;

  /// A record that leaves the queue. Where `hooks_failed` it is as it was written, and goes to the usual places.
  struct Done {
    base::log::Record record;
    bool hooks_failed = false;
  };

  /// With `ask` false no hook sees it; it only waits for its turn. What the queue has no room for leaves it.
  std::vector<Done> push(base::log::Record record, bool ask);
  /// What waits in front for no hook.
  std::vector<Done> take_unasked();
  /// The next records to ask the hooks about; empty when there is none, or while a batch is out.
  std::vector<LogFacts> next_batch();
  /// The answer to the batch. What it does not reach is in the next batch.
  std::vector<Done> settle(const Rewritten& answer);
  /// There is no answer to the batch.
  std::vector<Done> fail();
  /// Forgets that a batch is out.
  void recall();
  /// Everything, unasked.
  std::vector<Done> take_all(bool hooks_failed);

  bool empty() const { return waiting_.empty(); }

 private:
  struct Waiting {
    base::log::Record record;
    bool ask = true;
  };
  base::log::Record take_front();

  std::deque<Waiting> waiting_;
  std::vector<LogFacts> out_;  // the batch; the records are the first that wait
  std::size_t gone_ = 0;       // of the batch: had to leave before the answer came
};

}  // namespace policy::logs
