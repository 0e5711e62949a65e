#pragma once
// Book: what the records add up to: which jobs are open, which results wait, which ids were seen. Pure.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "history/journal.h"
#include "history/past_work/minutes.h"
#include "history/past_work/run_times.h"
#include "history/record.h"

namespace history {

class Book {
 public:
  explicit Book(std::size_t remembered_jobs) : remembered_(remembered_jobs), minutes_(remembered_jobs) {}

  void apply(Accepted accepted);
  void apply(const Produced& produced);
  void apply(const Closed& closed);
  void apply(const Dropped& dropped);
  void apply(const Header&) {}
  void apply(const UsedMinute& minute) { minutes_.add(minute); }
  void apply(const Counted& counted) { minutes_.add(counted); }
  void apply(const Times& times) { run_times_.add(times); }

  std::optional<Entry> find(const base::JobId& job) const;
  /// Empty for an unknown job.
  std::string task_hash(const base::JobId& job) const;
  /// Produced and not closed, oldest first.
  std::vector<Produced> undelivered() const;
  /// Accepted and neither produced nor closed, oldest first.
  std::vector<base::JobId> unfinished() const;
  /// The records of a journal file with the same sum, from the header on.
  std::vector<Record> snapshot() const;
  const Minutes& minutes() const { return minutes_; }
  const RunTimes& run_times() const { return run_times_; }

 private:
  struct Page {
    Stage stage = Stage::kAccepted;
    job::Outcome outcome = job::Outcome::kDelivered;
    job::Kind kind = job::Kind::kImage;
    std::uint64_t serial = 0;  // of the record that made it what it is
    std::string task_hash;
    std::unique_ptr<Produced> produced;
  };
  using Pages = std::unordered_map<base::JobId, Page>;

  std::vector<Pages::const_pointer> by_age() const;
  void forget_oldest();

  std::size_t remembered_;
  std::uint64_t serial_ = 0;
  std::size_t closed_ = 0;
  Pages pages_;
  /// Serials of closing records with their job; one that was accepted or closed again has a later serial.
  std::deque<std::pair<std::uint64_t, const base::JobId*>> closings_;
  Minutes minutes_;
  RunTimes run_times_;
};

}  // namespace history
