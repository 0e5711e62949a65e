#include "policy/records/recorder.h"

#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/async/run_on.h"
#include "base/log.h"

namespace policy::records {

Recorder::Recorder(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock,
                   std::filesystem::path folder, RingLimits limits)
    : disk_(disk ? std::move(disk) : io), clock_(clock), folder_(std::move(folder)), tasks_(io) {
  if (!folder_.empty()) ring_ = std::make_shared<Ring>(folder_, limits);
}

void Recorder::start() {
  if (ring_) tasks_.spawn("decision records", run());
}

void Recorder::set_policy(std::string zone, std::string hash) {
  zone_ = std::move(zone);
  hash_ = std::move(hash);
}

void Recorder::add(const job::Offer& offer, const job::Facts& facts, const job::Decision& decision,
                   std::string_view error, std::uint64_t instructions, base::Duration took) {
  DecisionRecord* const record = next_slot();
  if (record == nullptr) return;
  record->mode = Mode::kLive;
  record->zone = zone_;
  record->policy_hash = hash_;
  record->set(offer, facts, decision);
  record->error = error;
  record->instructions = instructions;
  record->took = took;
  taken();
}

void Recorder::add(const DecisionRecord& record) {
  DecisionRecord* const slot = next_slot();
  if (slot == nullptr) return;
  *slot = record;
  taken();
}

/// Nothing while the disk is busy, and where nothing is recorded.
DecisionRecord* Recorder::next_slot() {
  if (!ring_) return nullptr;
  if (filling_->used == kMost) {
    ++lost_;
    return nullptr;
  }
  if (filling_->used == filling_->slots.size()) filling_->slots.emplace_back();
  return &filling_->slots[filling_->used];
}

void Recorder::taken() {
  ++filling_->used;
  if (filling_->used == 1) first_.notify();
  if (filling_->used == kBatch) full_.notify();
}

asio::awaitable<void> Recorder::run() {
  using namespace asio::experimental::awaitable_operators;
  for (;;) {
    while (filling_->used == 0) co_await first_.wait();
    const auto due = clock_.now() + kDelay;
    while (clock_.now() < due && filling_->used < kBatch) {
      auto event = clock_.sleep_until(due) || full_.wait();
      co_await std::move(event);
    }
    co_await write();
  }
}

/// What was taken since the last time. While a write is under way there is nothing to write into: it stays.
asio::awaitable<void> Recorder::write() {
  if (!ring_ || !spare_ || filling_->used == 0) co_return;
  const auto batch = std::exchange(filling_, std::exchange(spare_, nullptr));
  auto work = [ring = ring_, batch, now = clock_.wall_now()] {
    return ring->append(batch->slots.data(), batch->used, now);
  };
  const auto written = co_await base::run_on(disk_, std::move(work));
  if (!written) lost_ += batch->used;
  batch->used = 0;
  spare_ = batch;
  const std::string trouble = written ? "" : written.error().message;
  if (std::exchange(trouble_, trouble) == trouble) co_return;
  if (!trouble_.empty()) base::log::warn("policy", "decisions are not recorded", {{"why", trouble_}});
  if (callback_) callback_();
}

asio::awaitable<std::vector<DecisionRecord>> Recorder::newest(std::size_t count) {
  if (!ring_) co_return std::vector<DecisionRecord>();
  co_await write();
  auto look = [folder = folder_, count] { return records::newest(folder, count); };
  co_return co_await base::run_on(disk_, std::move(look));
}

asio::awaitable<void> Recorder::stop() {
  tasks_.cancel_all();
  co_await tasks_.wait();
  co_await write();
}

}  // namespace policy::records
