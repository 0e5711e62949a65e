#include "studio/log_queue.h"

namespace studio {
namespace {

constexpr std::string_view kMarkerCategory = "logs";

}  // namespace

void LogQueue::push(LogLine line) {
  lines_.push_back(std::move(line));
  while (size() > kCapacity) {
    lines_.pop_front();
    ++unreported_;
    ++dropped_;
  }
}

std::vector<protocol::LogEntry> LogQueue::next_batch() const {
  std::vector<protocol::LogEntry> batch;
  if (marked()) {
    batch.push_back({base::format_utc(clock_.wall_now()), base::log::Level::kWarn, std::string(kMarkerCategory),
                     "ship queue full (" + std::to_string(kCapacity) + " entries); dropped " +
                         std::to_string(unreported_) + " oldest",
                     std::nullopt});
  }
  base::Bytes bytes = 0;
  for (const LogLine& line : lines_) {
    if (batch.size() == kBatchEntries || bytes >= kBatchBytes) break;
    batch.push_back(
        {base::format_utc(line.time), line.level, line.category, base::log::printable(line.message), line.job});
    bytes += batch.back().message.size();
  }
  return batch;
}

void LogQueue::sent(std::size_t entries) {
  const std::size_t lines = entries - (marked() ? 1 : 0);
  STUDIO_ASSERT(lines <= lines_.size());
  lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(lines));
  unreported_ = 0;
}

}  // namespace studio
