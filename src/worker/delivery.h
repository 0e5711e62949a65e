#pragma once
// Delivery: a result's way to the studio, over failed uploads, reconnects and restarts, exactly once. Thread: io.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/event.h"
#include "base/clock.h"
#include "base/result.h"
#include "history/journal.h"
#include "job/result.h"
#include "studio/backoff.h"
#include "studio/studio_link.h"
#include "studio/uploader.h"
#include "worker/job_table.h"

namespace worker {

namespace asio = boost::asio;

/// How a delivery ended: the studio has the result, or refused it for good.
using Delivered = std::variant<job::Receipt, job::Failure>;

class Delivery {
 public:
  Delivery(studio::StudioLink& link, studio::Uploader& uploader, history::Journal& journal, JobTable& jobs,
           base::Clock& clock, base::Random& random, asio::any_io_executor disk);

  /// Writes a fresh result down; from then on it survives a kill. `result` has its job's fields, and its folder if the
  /// job has one. Errors: of the disk.
  asio::awaitable<base::Result<history::Produced>> keep(history::Produced result, const job::Artifacts& artifacts,
                                                        const std::string& prompt);

  /// Delivers, and returns only when that is settled. While the claim is not ours it waits for the studio to offer the
  /// job again, until the result is 7 days old; a cancelled wait throws and leaves the result in the outbox. `fresh`
  /// saves reading a JSON result back.
  asio::awaitable<Delivered> deliver(history::Produced result, std::shared_ptr<ActiveJob> active,
                                     std::optional<history::JsonText> fresh);

  /// Syncs the journal for results that wait longer than the moment that a delivery takes, so that a power cut does not
  /// take them. Runs until cancelled.
  asio::awaitable<void> sync_late_results();

  /// One upload of a binary result from before a restart, in the hope that the studio still holds our claim.
  asio::awaitable<base::Result<job::Receipt>> try_unclaimed(const history::Produced& result);

 private:
  /// Nothing: not settled, try again.
  using Attempt = std::optional<Delivered>;

  asio::awaitable<Delivered> settle(const history::Produced& result, ActiveJob& active,
                                    std::optional<history::JsonText> fresh);
  asio::awaitable<bool> claimed(const history::Produced& result, ActiveJob& active);
  asio::awaitable<Attempt> attempt_json(const history::Produced& result, ActiveJob& active,
                                        std::optional<history::JsonText> fresh);
  asio::awaitable<Attempt> attempt_file(const history::Produced& result, ActiveJob& active);

  studio::StudioLink& link_;
  studio::Uploader& uploader_;
  history::Journal& journal_;
  JobTable& jobs_;
  base::Clock& clock_;
  base::Random& random_;
  asio::any_io_executor disk_;
  std::map<std::uint64_t, base::SteadyTime> unsynced_;  // since when deliveries run that are not known to be synced
  std::uint64_t next_delivery_ = 0;
  base::Event begun_;
};

/// A JSON result inside its outbox folder.
inline constexpr std::string_view kJsonFile = "result.json";

}  // namespace worker
