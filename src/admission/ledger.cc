#include "admission/ledger.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/result.h"

namespace admission {
namespace {

/// Rounds up like job::vram_bytes, so that an estimate equal to the threshold fits.
base::Bytes bytes_of(double gib) {
  if (!(gib > 0)) return 0;
  const double bytes = std::ceil(gib * static_cast<double>(base::kGiB));
  constexpr double kLimit = 9.0e18;
  return bytes < kLimit ? static_cast<base::Bytes>(bytes) : static_cast<base::Bytes>(kLimit);
}

base::Bytes hundredths(base::Bytes bytes) {
  const base::Bytes rest = bytes % base::kGiB;
  return bytes / base::kGiB * 100 + (rest * 100 + base::kGiB / 2) / base::kGiB;
}

std::string gib_text(base::Bytes in_hundredths) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%llu.%02u GiB", static_cast<unsigned long long>(in_hundredths / 100),
                static_cast<unsigned>(in_hundredths % 100));
  return text.data();
}

std::string gib(base::Bytes bytes) {
  return gib_text(hundredths(bytes));
}

/// What is needed although only `limit` is there: never printed as equal to it.
std::string needed_gib(base::Bytes need, base::Bytes limit) {
  return gib_text(std::max(hundredths(need), hundredths(limit) + 1));
}

}  // namespace

Lease::Lease(Lease&& other) noexcept : ledger_(std::exchange(other.ledger_, nullptr)), job_(std::move(other.job_)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  ledger_ = std::exchange(other.ledger_, nullptr);
  job_ = std::move(other.job_);
  return *this;
}

Lease::~Lease() {
  release();
}

void Lease::release() {
  if (Ledger* ledger = std::exchange(ledger_, nullptr)) ledger->give_back(job_);
}

std::variant<Lease, Refusal> Ledger::reserve(const base::JobId& job, base::Bytes vram) {
  const base::Bytes limit = bound();
  if (vram > limit) {
    return Refusal{vram > firm_bound() ? job::RejectCode::kNone : job::RejectCode::kInsufficientMemory,
                   "needs " + needed_gib(vram, limit) + ", this worker's bound is " + gib(limit), bound_rule()};
  }
  if (promises_.size() >= options_.max_jobs || promises_.contains(job)) {
    return Refusal{job::RejectCode::kBusy, "worker already has an in-flight job", "config.toml: max_jobs"};
  }
  const base::Bytes free = limit - std::min(limit, promised_);
  if (vram > free) {
    return Refusal{job::RejectCode::kInsufficientMemory,
                   "insufficient device memory: needs " + needed_gib(vram, free) + ", " + gib(free) + " free of the " +
                       gib(limit) + " bound",
                   bound_rule()};
  }
  promises_.emplace(job, vram);
  promised_ += vram;
  return Lease(this, job);
}

void Ledger::set_policy_bound(std::optional<base::Bytes> bytes, std::string rule) {
  policy_bound_ = bytes;
  policy_rule_ = std::move(rule);
}

void Ledger::set_lost_cards(std::optional<base::Bytes> left, std::string rule) {
  cards_bound_ = left;
  cards_rule_ = std::move(rule);
}

base::Bytes Ledger::bound() const {
  const base::Bytes firm = firm_bound();
  return std::min({firm, policy_bound_.value_or(firm), cards_bound_.value_or(firm)});
}

double Ledger::told_bound_gb() const {
  double bound = options_.vram_threshold_gb;
  for (const auto& passing : {policy_bound_, cards_bound_}) {
    if (passing) bound = std::min(bound, static_cast<double>(*passing) / static_cast<double>(base::kGiB));
  }
  return bound;
}

base::Bytes Ledger::firm_bound() const {
  const base::Bytes threshold = bytes_of(options_.vram_threshold_gb);
  return options_.vram_total ? std::min(threshold, *options_.vram_total) : threshold;
}

std::string Ledger::bound_rule() const {
  const base::Bytes firm = firm_bound();
  if (cards_bound_ && *cards_bound_ < std::min(firm, policy_bound_.value_or(firm))) return cards_rule_;
  if (policy_bound_ && *policy_bound_ < firm) return policy_rule_;
  const bool machine_decides = options_.vram_total && *options_.vram_total < bytes_of(options_.vram_threshold_gb);
  return machine_decides ? "machine: total VRAM" : "config.toml: vram_threshold_gb";
}

void Ledger::give_back(const base::JobId& job) {
  const auto promise = promises_.find(job);
  STUDIO_ASSERT(promise != promises_.end());
  promised_ -= promise->second;
  promises_.erase(promise);
}

}  // namespace admission
