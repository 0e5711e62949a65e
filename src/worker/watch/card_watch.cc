#include "worker/watch/card_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/async/run_on.h"

namespace worker {
namespace {

/// A driver that was loaded again may number its cards in another order.
bool is_same(const job::GpuFacts& one, const job::GpuFacts& other) {
  return one.uuid.empty() || other.uuid.empty() ? one.index == other.index && one.name == other.name
                                                : one.uuid == other.uuid;
}

bool contains(const std::vector<job::GpuFacts>& cards, const job::GpuFacts& card) {
  return std::any_of(cards.begin(), cards.end(), [&card](const job::GpuFacts& other) { return is_same(card, other); });
}

}  // namespace

CardWatch::CardWatch(machine::Sensors& sensors, base::Clock& clock, asio::any_io_executor sensing,
                     std::vector<job::GpuFacts> cards)
    : sensors_(sensors), clock_(clock), sensing_(std::move(sensing)), all_(std::move(cards)), present_(all_) {}

void CardWatch::jobs_failed(std::uint64_t count) {
  if (std::exchange(failed_, count) != count) suspicion_.notify();
}

asio::awaitable<void> CardWatch::run() {
  while (!all_.empty()) {
    if (!complete()) {
      const auto again = clock_.now() + kLostCardLook;
      co_await clock_.sleep_until(again);
    }
    // One that fails while the driver is asked needs a look of its own.
    while (complete() && looked_ == failed_) co_await suspicion_.wait();
    looked_ = failed_;
    auto look = [&sensors = sensors_] { return sensors.probe_gpus(); };
    auto looking = base::run_on(sensing_, std::move(look));
    const auto found = co_await std::move(looking);
    compare(found);
  }
}

void CardWatch::compare(const std::vector<job::GpuFacts>& found) {
  const auto before = lost();
  present_.clear();
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(present_),
               [&found](const job::GpuFacts& card) { return contains(found, card); });
  if (lost() != before && changed_) changed_();
}

std::string CardWatch::lost() const {
  std::string text;
  for (const job::GpuFacts& card : all_) {
    if (contains(present_, card)) continue;
    text += (text.empty() ? "GPU " : ", GPU ") + std::to_string(card.index);
    if (!card.name.empty()) text += " (" + card.name + ")";
  }
  return text.empty() ? text : text + (present_.size() + 1 == all_.size() ? " is gone" : " are gone");
}

std::optional<base::Bytes> CardWatch::left() const {
  if (complete()) return std::nullopt;
  return present_.empty() ? 0 : job::total_memory(present_);
}

}  // namespace worker
