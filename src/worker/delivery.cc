#include "worker/delivery.h"

#include <algorithm>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/system_error.hpp>

#include "base/async/run_on.h"
#include "base/files.h"
#include "base/log.h"
#include "history/outbox.h"
#include "protocol/frames.h"

namespace worker {
namespace {

/// No acknowledgement within this time: the result is synced, so that a power cut cannot take it. Most results are
/// acknowledged sooner and never need it.
constexpr base::Duration kSyncAfter = std::chrono::milliseconds(100);

/// A studio that has not asked for a result in this time has it already, or gave its job up: the disk gets its space
/// back.
constexpr base::Duration kKeepUnclaimed = std::chrono::hours(7 * 24);

/// Larger texts are written on the disk thread: a page of text costs microseconds, a 15 MB prompt would hold up frames.
constexpr std::size_t kSmallText = 64 * base::kKiB;

studio::ResultFile result_file(const history::Produced& result) {
  return {result.job,
          result.folder / result.file,
          result.folder / history::kPromptFile,
          result.prompt,
          result.ext,
          result.bytes,
          result.xxh128};
}

base::Result<history::JsonText> read_json(const history::Produced& result) {
  constexpr base::Bytes kFrame = 64 * base::kMiB;
  TRY(auto text, base::read_file(result.folder / result.file, kFrame));
  TRY(auto prompt, base::read_file(result.folder / history::kPromptFile, kFrame));
  if (history::content_hash(prompt, history::content_hash(text)) != result.content) {
    return base::Error{base::Code::kCorrupt, result.file + " or its prompt changed since it was made"};
  }
  return history::JsonText{std::move(text), std::move(prompt)};
}

/// The prompt if the record does not hold it, and the result if it is not a file already. Sets `content`, and `xxh128`
/// of a result file.
base::Status write_files(history::Produced& result, const job::JsonResult* json, const std::string& prompt) {
  if (!result.prompt) CHECK_OK(base::write_file(result.folder / history::kPromptFile, prompt));
  std::uint64_t of_result = 0;
  if (json != nullptr) {
    CHECK_OK(base::write_file(result.folder / result.file, json->text));
    of_result = history::content_hash(json->text);
  } else {
    base::Xxh128 digest;
    TRY(of_result, history::content_hash_of_file(result.folder / result.file, 0, &digest));
    result.xxh128 = digest.hex();
  }
  result.content = history::content_hash(prompt, of_result);
  return {};
}

/// The message without the paths of this machine, which are nobody's business at the studio.
std::string for_the_studio(const history::Produced& result, std::string message) {
  const std::string folder = result.folder.native() + "/";
  for (auto at = message.find(folder); at != std::string::npos; at = message.find(folder, at)) {
    message.erase(at, folder.size());
  }
  return message;
}

job::Failure upload_failed(std::string message) {
  return {job::FailureClass::kUploadFailed, std::move(message)};
}

}  // namespace

Delivery::Delivery(studio::StudioLink& link, studio::Uploader& uploader, history::Journal& journal, JobTable& jobs,
                   base::Clock& clock, base::Random& random, asio::any_io_executor disk)
    : link_(link),
      uploader_(uploader),
      journal_(journal),
      jobs_(jobs),
      clock_(clock),
      random_(random),
      disk_(std::move(disk)) {}

asio::awaitable<base::Result<history::Produced>> Delivery::keep(history::Produced result,
                                                                const job::Artifacts& artifacts,
                                                                const std::string& prompt) {
  result.at = clock_.wall_now();
  const auto* json = std::get_if<job::JsonResult>(&artifacts);
  if (json != nullptr) {
    result.bytes = json->text.size();
    result.file = kJsonFile;
  } else {
    const auto& file = std::get<job::FileResult>(artifacts);
    result.bytes = file.bytes;
    result.file = file.path.filename().string();
    result.ext = file.ext;
  }
  const base::Bytes size = result.bytes + prompt.size();
  if (json != nullptr && size <= history::kTextLimit) {
    result.text = history::JsonText{json->text, prompt};
    CO_CHECK_OK(journal_.produced(result));
    co_return result;
  }
  if (result.folder.empty()) {
    CO_TRY(result.folder, journal_.make_job_folder(result.job));
  }
  if (json == nullptr && prompt.size() <= history::kTextLimit) result.prompt = prompt;
  auto write = [&] { return write_files(result, json, prompt); };
  if (size <= kSmallText) {
    CO_CHECK_OK(write());
  } else {
    CO_CHECK_OK(co_await base::run_on(disk_, std::move(write)));
  }
  CO_CHECK_OK(journal_.produced(result));
  co_return result;
}

asio::awaitable<Delivered> Delivery::deliver(history::Produced result, std::shared_ptr<ActiveJob> active,
                                             std::optional<history::JsonText> fresh) {
  struct Waiting {
    std::map<std::uint64_t, base::SteadyTime>& unsynced;
    std::uint64_t number;
    ~Waiting() { unsynced.erase(number); }
  };
  const Waiting waiting{unsynced_, ++next_delivery_};
  unsynced_.emplace(waiting.number, clock_.now());
  begun_.notify();
  co_return co_await settle(result, *active, std::move(fresh));
}

asio::awaitable<Delivered> Delivery::settle(const history::Produced& result, ActiveJob& active,
                                            std::optional<history::JsonText> fresh) {
  studio::Backoff backoff(random_);
  for (;;) {
    if (!co_await claimed(result, active)) {
      co_return job::Failure{job::FailureClass::kUploadFailed,
                             "the studio has not asked for this job's result in 7 days; it is removed"};
    }
    const std::uint64_t claim = active.claims;
    Attempt settled;
    if (job::is_json_kind(result.kind)) {
      auto text = std::exchange(fresh, std::nullopt);
      settled = co_await attempt_json(result, active, std::move(text));
    } else {
      settled = co_await attempt_file(result, active);
    }
    if (settled) co_return std::move(*settled);
    // A new claim is worth a try at once; the old one, still ours, after a pause.
    if (active.session == 0 || claim != active.claims) continue;
    const auto until = clock_.now() + backoff.next();
    co_await clock_.sleep_until(until);
  }
}

/// False when nobody came for the result in time.
asio::awaitable<bool> Delivery::claimed(const history::Produced& result, ActiveJob& active) {
  using namespace asio::experimental::awaitable_operators;
  // By the wall clock, since the result may be older than this process; a clock set back must not shorten its time.
  const auto age = std::max(base::Duration::zero(), clock_.wall_now() - result.at);
  const auto limit = clock_.now() + (kKeepUnclaimed - age);
  while (active.session == 0) {
    if (clock_.now() >= limit) co_return false;
    auto event = active.claimed.wait() || clock_.sleep_until(limit);
    co_await std::move(event);
  }
  co_return true;
}

asio::awaitable<Delivery::Attempt> Delivery::attempt_json(const history::Produced& result, ActiveJob& active,
                                                          std::optional<history::JsonText> fresh) {
  if (!fresh) fresh = result.text;
  if (!fresh) {
    auto load = [&result] { return read_json(result); };
    auto loaded = co_await base::run_on(disk_, std::move(load));
    if (!loaded) co_return upload_failed(for_the_studio(result, loaded.error().message));
    fresh = std::move(*loaded);
  }
  const std::uint64_t claim = active.claims;
  const auto session = active.session;
  const base::Bytes bytes = fresh->result.size();
  const auto sent = link_.complete_json(result.job, session, std::move(fresh->result), std::move(fresh->prompt));
  if (sent) {
    link_.note(base::log::Level::kInfo, "json result sent", studio::about(result));
    const auto acknowledged = co_await link_.acknowledged(result.job, session);
    if (acknowledged) co_return job::Receipt{bytes};
  }
  jobs_.lose_claim(active, claim);
  co_return std::nullopt;
}

asio::awaitable<Delivery::Attempt> Delivery::attempt_file(const history::Produced& result, ActiveJob& active) {
  const std::uint64_t claim = active.claims;
  auto file = result_file(result);
  auto receipt = co_await uploader_.put(std::move(file));
  if (receipt) {
    link_.note(base::log::Level::kInfo, "binary upload ok", studio::about(result));
    base::log::debug("ws", "uploaded", {{"job", result.job}, {"bytes", receipt->bytes}, {"xxh128", result.xxh128}});
    co_return *receipt;
  }
  std::string message = for_the_studio(result, receipt.error().message);
  link_.note(base::log::Level::kError, message, studio::about(result));
  switch (receipt.error().code) {
    case base::Code::kUnavailable:
      co_return std::nullopt;
    case base::Code::kConflict:
    case base::Code::kUnauthorized:
      // The studio gave the claim up, for example when the link dropped: the result waits for its next offer.
      jobs_.lose_claim(active, claim);
      co_return std::nullopt;
    default:
      co_return upload_failed(std::move(message));
  }
}

asio::awaitable<void> Delivery::sync_late_results() {
  for (;;) {
    while (unsynced_.empty()) co_await begun_.wait();
    // Results are delivered within milliseconds, so most of the time nothing is left then.
    const auto late = unsynced_.begin()->second + kSyncAfter;
    co_await clock_.sleep_until(late);
    if (unsynced_.empty() || unsynced_.begin()->second > late - kSyncAfter) continue;
    const auto last = unsynced_.rbegin()->first;
    const auto synced = co_await journal_.sync();
    if (!synced) base::log::warn("history", "the journal could not be synced", {{"why", synced.error().message}});
    unsynced_.erase(unsynced_.begin(), unsynced_.upper_bound(last));
  }
}

asio::awaitable<base::Result<job::Receipt>> Delivery::try_unclaimed(const history::Produced& result) {
  auto file = result_file(result);
  auto receipt = co_await uploader_.put(std::move(file));
  co_return receipt;
}

}  // namespace worker
