#include "history/book.h"

#include <algorithm>
#include <utility>

namespace history {

void Book::apply(Accepted accepted) {
  minutes_.accepted(accepted.job, accepted.game, accepted.at);
  Page& page = pages_[accepted.job];
  // A result that waits serves a repeated offer of the same task.
  if (page.stage == Stage::kProduced && page.task_hash == accepted.task_hash) return;
  if (page.stage == Stage::kClosed) --closed_;
  page.stage = Stage::kAccepted;
  page.kind = accepted.kind;
  page.serial = ++serial_;
  page.task_hash = std::move(accepted.task_hash);
  page.produced.reset();
}

void Book::apply(const Produced& produced) {
  minutes_.ran(produced.job, produced.game, produced.ran);
  run_times_.add({produced.kind, produced.model, produced.size}, produced.ran);
  Page& page = pages_[produced.job];
  if (page.stage == Stage::kClosed) --closed_;
  page.stage = Stage::kProduced;
  page.kind = produced.kind;
  page.serial = ++serial_;
  page.task_hash = produced.task_hash;
  page.produced = std::make_unique<Produced>(produced);
  // A snapshot repeats this record, and the time must not count again.
  page.produced->ran = {};
}

void Book::apply(const Closed& closed) {
  const auto [entry, is_new] = pages_.try_emplace(closed.record.job);
  Page& page = entry->second;
  if (is_new || page.stage != Stage::kClosed) ++closed_;
  if (page.stage != Stage::kProduced) minutes_.ran(closed.record.job, closed.record.game, closed.record.ran);
  page.stage = Stage::kClosed;
  page.outcome = closed.record.outcome;
  page.kind = closed.record.kind;
  page.serial = ++serial_;
  if (page.task_hash.empty()) page.task_hash = closed.task_hash;
  page.produced.reset();
  closings_.emplace_back(page.serial, &entry->first);
  forget_oldest();
}

void Book::apply(const Dropped& dropped) {
  const auto page = pages_.find(dropped.job);
  if (page == pages_.end() || page->second.stage != Stage::kAccepted) return;
  // An earlier end of the same job would be left pointing at nothing.
  std::erase_if(closings_, [&](const auto& closing) { return closing.second == &page->first; });
  pages_.erase(page);
}

void Book::forget_oldest() {
  while (closed_ > remembered_) {
    const auto [serial, job] = closings_.front();
    closings_.pop_front();
    const auto page = pages_.find(*job);
    if (page->second.serial != serial) continue;
    pages_.erase(page);
    --closed_;
  }
  // A few jobs that end again and again must not make the list grow.
  if (closings_.size() > 2 * closed_ + 1024) {
    std::erase_if(closings_, [&](const auto& closing) { return pages_.at(*closing.second).serial != closing.first; });
  }
}

std::optional<Entry> Book::find(const base::JobId& job) const {
  const auto found = pages_.find(job);
  if (found == pages_.end()) return std::nullopt;
  const Page& page = found->second;
  Entry entry{page.stage, page.task_hash, std::nullopt, std::nullopt};
  if (page.produced) entry.produced = *page.produced;
  if (page.stage == Stage::kClosed) entry.outcome = page.outcome;
  return entry;
}

std::string Book::task_hash(const base::JobId& job) const {
  const auto found = pages_.find(job);
  return found == pages_.end() ? std::string() : found->second.task_hash;
}

std::vector<Book::Pages::const_pointer> Book::by_age() const {
  std::vector<Pages::const_pointer> pages;
  pages.reserve(pages_.size());
  for (const auto& page : pages_) pages.push_back(&page);
  std::sort(pages.begin(), pages.end(),
            [](const auto* left, const auto* right) { return left->second.serial < right->second.serial; });
  return pages;
}

std::vector<Produced> Book::undelivered() const {
  std::vector<Produced> results;
  for (const auto* page : by_age()) {
    if (page->second.produced) results.push_back(*page->second.produced);
  }
  return results;
}

std::vector<base::JobId> Book::unfinished() const {
  std::vector<base::JobId> jobs;
  for (const auto* page : by_age()) {
    if (page->second.stage == Stage::kAccepted) jobs.push_back(page->first);
  }
  return jobs;
}

std::vector<Record> Book::snapshot() const {
  std::vector<Record> records;
  records.reserve(2 * pages_.size() + 1);
  records.emplace_back(Header{});
  for (UsedMinute& minute : minutes_.minutes()) records.emplace_back(std::move(minute));
  for (Counted& counted : minutes_.counted()) records.emplace_back(std::move(counted));
  for (Times& times : run_times_.all()) records.emplace_back(std::move(times));
  for (const auto* entry : by_age()) {
    const auto& [job, page] = *entry;
    if (page.produced) {
      records.emplace_back(*page.produced);
    } else if (page.stage == Stage::kAccepted) {
      records.emplace_back(Accepted{job, page.task_hash, base::GameId(), page.kind, base::ModelId()});
    } else {
      Closed closed;
      closed.record.job = job;
      closed.record.kind = page.kind;
      closed.record.outcome = page.outcome;
      closed.task_hash = page.task_hash;
      records.emplace_back(std::move(closed));
    }
  }
  return records;
}

}  // namespace history
