#pragma once
// Recorder: takes decision records from the path of an offer and writes them later, on the disk thread. Thread: io.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "policy/records/ring.h"

namespace policy::records {

namespace asio = boost::asio;

class Recorder {
 public:
  static constexpr std::size_t kBatch = 256;
  static constexpr std::size_t kMost = 4 * kBatch;  // while the disk is busy; then records are lost
  static constexpr base::Duration kDelay = std::chrono::seconds(1);

  /// `folder`: of the ring; empty = nothing is recorded.
  Recorder(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock, std::filesystem::path folder,
           RingLimits limits = {});

  void start();
  /// Copies what a record holds into a slot that is used again and again: no allocation once they have grown.
  /// Written at most kDelay later, or when kBatch are there; an idle worker is not woken.
  void add(const job::Offer& offer, const job::Facts& facts, const job::Decision& decision, std::string_view error,
           std::uint64_t instructions, base::Duration took);
  /// What another policy than the one in force decided.
  void add(const DecisionRecord& record);
  /// Of the policy that decides from now on.
  void set_policy(std::string zone, std::string hash);

  /// The last records, what is still in memory included.
  asio::awaitable<std::vector<DecisionRecord>> newest(std::size_t count);

  /// Records that were lost because the disk could not take them or was too slow.
  std::uint64_t lost() const { return lost_; }
  /// Of the last write; empty when it went well.
  const std::string& trouble() const { return trouble_; }
  /// Called (on io) whenever `trouble` changes.
  void on_trouble(std::function<void()> callback) { callback_ = std::move(callback); }

  /// Writes what is left.
  asio::awaitable<void> stop();

 private:
  struct Batch {
    std::vector<DecisionRecord> slots;
    std::size_t used = 0;
  };

  DecisionRecord* next_slot();
  void taken();
  asio::awaitable<void> run();
  asio::awaitable<void> write();

  asio::any_io_executor disk_;
  base::Clock& clock_;
  std::filesystem::path folder_;
  std::shared_ptr<Ring> ring_;  // nothing = not recording
  std::shared_ptr<Batch> filling_ = std::make_shared<Batch>();
  std::shared_ptr<Batch> spare_ = std::make_shared<Batch>();  // nothing while it is being written
  std::string zone_;
  std::string hash_;
  base::Event first_;
  base::Event full_;
  std::uint64_t lost_ = 0;
  std::string trouble_;
  std::function<void()> callback_;
  base::TaskGroup tasks_;
};

}  // namespace policy::records
