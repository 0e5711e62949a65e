#include "net/send_queue.h"

#include <utility>

#include "base/result.h"

namespace net {

SendQueue::Verdict SendQueue::push(std::string text, Priority priority) {
  const base::Bytes size = text.size();
  if (priority == Priority::kDroppable && !entries_.empty() && bytes_ + size > kSoftLimit) return Verdict::kDropped;
  entries_.push_back({std::move(text), priority});
  bytes_ += size;
  if (bytes_ > kSoftLimit && priority == Priority::kControl) evict();
  return bytes_ > kHardLimit ? Verdict::kOverflow : Verdict::kTaken;
}

const std::string& SendQueue::start_front() {
  STUDIO_ASSERT(!entries_.empty());
  front_started_ = true;
  return entries_.front().text;
}

void SendQueue::pop() {
  STUDIO_ASSERT(front_started_);
  front_started_ = false;
  bytes_ -= entries_.front().text.size();
  entries_.pop_front();
}

void SendQueue::evict() {
  auto next = entries_.begin();
  if (front_started_) ++next;
  while (next != entries_.end() && bytes_ > kSoftLimit) {
    if (next->priority == Priority::kControl) {
      ++next;
      continue;
    }
    bytes_ -= next->text.size();
    next = entries_.erase(next);
    ++evicted_;
  }
}

}  // namespace net
