#include "history/compaction.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace history {

Compaction::Compaction(std::shared_ptr<Folder> folder, boost::asio::any_io_executor disk, std::vector<Record> snapshot,
                       std::uint64_t covers)
    : folder_(std::move(folder)), disk_(std::move(disk)), covers_(covers) {
  boost::asio::post(disk_, [step = step_, folder = folder_, snapshot = std::move(snapshot)] {
    const std::string text = write_records(snapshot);
    auto created = folder->create(kFresh, text);
    if (created) {
      step->file = std::move(*created);
      step->size = text.size();
    } else {
      step->status = std::move(created).error();
    }
    step->done.store(true, std::memory_order_release);
  });
}

void Compaction::another_step(std::uint64_t covers) {
  covers_ = covers;
  step_->done.store(false, std::memory_order_relaxed);
  boost::asio::post(disk_, [step = step_, text = std::exchange(rest_, {})] {
    if (step->status) step->status = step->file->append(text);
    if (step->status) step->status = step->file->sync();
    step->size += text.size();
    step->done.store(true, std::memory_order_release);
  });
}

base::Result<Compaction::Finished> Compaction::finish() {
  CHECK_OK(step_->status);
  CHECK_OK(step_->file->append(rest_));
  CHECK_OK(folder_->rename(kFresh, kJournal));
  return Finished{step_->file, step_->size + rest_.size()};
}

}  // namespace history
