#include "studio/log_queue.h"

#include <iterator>

namespace studio {
namespace {

constexpr std::string_view kMarkerCategory = "logs";

}  // namespace

void LogQueue::push(LogLine line) {
  protocol::LogEntry entry{base::format_utc(line.time), line.level, std::move(line.category),
                           base::log::printable(line.message), std::move(line.job)};
  entries_.push_back(std::move(entry));
  make_room();
}

void LogQueue::make_room() {
  if (entries_.size() <= kCapacity) return;
  // The marker takes a place of its own at the front and is renewed, not repeated, while the queue stays full.
  const bool marked = unreported_ > 0;
  if (marked) entries_.pop_front();
  while (entries_.size() > kCapacity - 1) {
    entries_.pop_front();
    ++unreported_;
    ++dropped_;
  }
  entries_.push_front({base::format_utc(clock_.wall_now()), base::log::Level::kWarn, std::string(kMarkerCategory),
                       "ship queue full (" + std::to_string(kCapacity) + " entries); dropped " +
                           std::to_string(unreported_) + " oldest",
                       std::nullopt});
}

std::vector<protocol::LogEntry> LogQueue::take_batch() {
  std::vector<protocol::LogEntry> batch;
  base::Bytes bytes = 0;
  while (!entries_.empty() && batch.size() < kBatchEntries && bytes < kBatchBytes) {
    bytes += entries_.front().message.size();
    batch.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
  if (!batch.empty()) unreported_ = 0;
  return batch;
}

void LogQueue::put_back(std::vector<protocol::LogEntry> batch) {
  entries_.insert(entries_.begin(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
  make_room();
}

}  // namespace studio
