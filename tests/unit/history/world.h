#pragma once
// World: a state folder, a disk thread and an io thread for one test. Thread: the test's.

#include <functional>
#include <gmock/gmock.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "base/files.h"
#include "base/log.h"
#include "history/journal.h"
#include "unit/history/memory_folder.h"

namespace history {

inline job::Offer offer(const std::string& job) {
  job::Offer made;
  made.id = base::JobId(job);
  made.game = base::GameId("harbour");
  made.model = base::ModelId("synthetic-image");
  made.kind = job::Kind::kImage;
  return made;
}

/// When the jobs of these tests are accepted.
inline const base::WallTime kThen = std::chrono::sys_days(std::chrono::year(2026) / 3 / 24);

inline job::Record record(const std::string& job, job::Outcome outcome = job::Outcome::kDelivered) {
  job::Record made;
  made.job = base::JobId(job);
  made.game = base::GameId("harbour");
  made.outcome = outcome;
  return made;
}

/// Both executors are loops that the test runs by hand: nothing happens at a time that the test did not choose.
class World {
 public:
  World() : folder_(std::move(*base::TempDir::create("history-test"))) {
    base::log::set_level(base::log::Level::kError);
  }

  std::filesystem::path state() const { return folder_.path() / "state"; }
  JournalOptions options() const {
    JournalOptions options;
    options.folder = state();
    return options;
  }
  JournalOptions memory_options() {
    JournalOptions options = this->options();
    options.storage = std::make_shared<MemoryFolder>(memory);
    return options;
  }
  base::Result<std::unique_ptr<Journal>> try_open(JournalOptions options) {
    return Journal::open(std::move(options), disk.get_executor());
  }
  std::unique_ptr<Journal> open(JournalOptions options) {
    auto journal = try_open(std::move(options));
    EXPECT_TRUE(journal) << journal.error().message;
    return journal ? std::move(*journal) : nullptr;
  }

  static asio::awaitable<void> sync_once(Journal* journal, std::vector<base::Status>* results) {
    auto result = co_await journal->sync();
    results->push_back(result);
  }
  /// Runs both loops until nothing is left to do.
  void settle() {
    std::size_t ran = 1;
    while (ran > 0) {
      disk.restart();
      io.restart();
      ran = disk.poll() + io.poll();
    }
  }
  base::Status sync(Journal& journal) {
    std::vector<base::Status> results;
    tasks.spawn("sync", sync_once(&journal, &results));
    settle();
    EXPECT_EQ(results.size(), 1U);
    return results.empty() ? base::Error{base::Code::kInternal, "sync did not end"} : results.front();
  }

  /// A produced result with its file, as the pipeline leaves it.
  Produced produce(Journal& journal, const std::string& job, const std::string& hash = "h") {
    Produced result;
    result.job = base::JobId(job);
    result.game = base::GameId("harbour");
    result.task_hash = hash;
    result.file = "result.png";
    result.ext = "png";
    result.bytes = 5;
    result.worker = "w-1";
    auto folder = journal.make_job_folder(result.job);
    EXPECT_TRUE(folder) << folder.error().message;
    if (folder) result.folder = *folder;
    EXPECT_TRUE(base::write_file_atomically(result.folder / result.file, "bytes"));
    return result;
  }

  MemoryDisk memory;
  asio::io_context io;
  asio::io_context disk;
  base::TaskGroup tasks{io.get_executor()};

 private:
  base::TempDir folder_;
};

}  // namespace history
