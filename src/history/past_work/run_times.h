#pragma once
// RunTimes: how long the engine took for jobs of one kind, model and size class. Pure.

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "job/kind.h"

namespace history {

/// The jobs that take about as long.
struct JobClass {
  job::Kind kind = job::Kind::kImage;
  base::ModelId model;
  std::uint32_t size = 0;  // job::size_class
  auto operator<=>(const JobClass&) const = default;
};

/// The last times of such jobs, oldest first.
struct Times {
  JobClass of;
  std::deque<base::Duration> ran;
};

class RunTimes {
 public:
  /// A run that gave a result. One of no length is none.
  void add(const JobClass& of, base::Duration ran);
  /// The median of the last ones (of two in the middle the longer); nothing for fewer than kFewest.
  std::optional<base::Duration> median(const JobClass& of) const;

  // For a journal that is written anew: the least recent first.
  std::vector<Times> all() const;
  void add(const Times& times) {
    for (const base::Duration ran : times.ran) add(times.of, ran);
  }

  static constexpr std::size_t kFewest = 3;
  static constexpr std::size_t kLast = 9;  // few, so that a change of the machine shows soon
  static constexpr std::size_t kMostClasses = 1000;

 private:
  struct Entry {
    std::uint64_t serial = 0;  // of its last run
    std::deque<base::Duration> ran;
  };
  std::uint64_t serial_ = 0;
  std::map<JobClass, Entry> entries_;
};

}  // namespace history
