// What changes the policy in force: a start, a save, a rollback, a promotion.

#include <utility>

#include "base/log.h"
#include "base/text/lines.h"
#include "policy/host/host.h"

namespace policy {
namespace {

using host::Candidate;

constexpr std::size_t kShortHash = 8;

/// What an operator asked for, and what came of it.
struct Order {
  base::Result<std::string> outcome = base::Error{base::Code::kUnavailable, "the worker is stopping"};
  bool done = false;
  base::Event changed;
};

asio::awaitable<void> carry_out(std::shared_ptr<Order> order, asio::awaitable<base::Result<std::string>> work) {
  // Also when this task is cancelled: somebody waits.
  struct AtTheEnd {
    Order& order;
    ~AtTheEnd() {
      order.done = true;
      order.changed.notify();
    }
  } const notice{*order};
  order->outcome = co_await std::move(work);
}

}  // namespace

asio::awaitable<void> Host::watch(host::FolderWatch folder) {
  for (;;) {
    auto files = co_await reload_.next(folder);
    co_await consider(std::move(files), std::string(generations::kSaved));
  }
}

/// Tries the files in a second child; the active one stays until they are known to be good.
asio::awaitable<void> Host::consider(base::Result<SourceFiles> files, std::string reason) {
  while (changing_) co_await change_.wait();
  const Turn turn(changing_, change_);
  if (!files) {
    refuse(files.error());
    co_return;
  }
  auto hash = generations::fingerprint(*files);
  const bool in_force = declared_ && *files == good_;
  if (in_force) keeper_.settle();
  if (in_force || (declared_ && hash == keeper_.in_force().turned_away)) {
    const auto& reason_now = keeper_.in_force().reason;
    bool other = std::exchange(status_.since, reason_now) != reason_now;
    held_.clear();
    other |= !std::exchange(status_.held, {}).empty();
    other |= !std::exchange(status_.error, {}).empty();
    if (other) changed();
    co_return;
  }
  auto started = co_await start_child(*files);
  if (!started) {
    refuse(started.error());
    co_return;
  }
  Candidate candidate{started->child};
  auto failed = co_await failed_tests(started->child, *files);
  if (!failed.empty()) {
    refuse(base::Error{base::Code::kInvalid, std::move(failed)});
    co_return;
  }
  const auto trial = co_await try_out(started->child);
  if (!trial.error.empty() || !trial.doubt.empty()) {
    if (trial.error.empty())
      hold(std::move(*files), trial.doubt);
    else
      refuse(base::Error{base::Code::kInvalid, trial.error});
    co_return;
  }
  candidate.wanted = true;
  const auto generation = keeper_.add(*files, hash, std::move(reason));
  activate(std::move(*started), std::move(*files), std::move(hash), generation);
}

/// What was in force when the worker before this one ended decides until the folder is found to hold something else.
asio::awaitable<void> Host::restore() {
  auto all = keeper_.open();
  for (auto& kept : all) {
    auto started = co_await start_child(kept.files);
    const auto number = kept.about.number;
    if (!started) {
      base::log::warn("policy", "a kept policy cannot be loaded",
                      {{"generation", number}, {"error", started.error().message}});
      continue;
    }
    keeper_.go_on(number);
    activate(std::move(*started), std::move(kept.files), std::move(kept.about.hash), number);
    break;
  }
}

asio::awaitable<base::Result<std::string>> Host::rollback(std::optional<std::uint64_t> number) {
  return order("policy rollback", go_back(number));
}

/// Runs `work` as a task of this host, which ends with it, and not of whoever asked.
asio::awaitable<base::Result<std::string>> Host::order(std::string name,
                                                       asio::awaitable<base::Result<std::string>> work) {
  if (options_.path.empty()) co_return base::Error{base::Code::kNotFound, "this worker runs without a policy"};
  const auto order = std::make_shared<Order>();
  if (!stopping_) {
    auto task = carry_out(order, std::move(work));
    tasks_.spawn(std::move(name), std::move(task));
    while (!order->done) co_await order->changed.wait();
  }
  co_return std::move(order->outcome);
}

asio::awaitable<base::Result<std::string>> Host::go_back(std::optional<std::uint64_t> number) {
  while (changing_) co_await change_.wait();
  const Turn turn(changing_, change_);
  auto kept = co_await keeper_.find(number);
  if (!kept) co_return std::move(kept).error();
  const auto generation = kept->about.number;
  if (declared_ && generation == status_.generation) {
    co_return base::Error{base::Code::kConflict, "generation " + std::to_string(generation) + " is in force already"};
  }
  // Read first, here and in a promotion: what is saved meanwhile is newer, and gets its turn.
  const auto folder = co_await reload_.read();
  auto started = co_await start_child(kept->files);
  if (!started) co_return std::move(started).error().within("generation " + std::to_string(generation));
  keeper_.go_back(generation, folder ? generations::fingerprint(*folder) : std::string());
  activate(std::move(*started), std::move(kept->files), std::move(kept->about.hash), generation);
  co_await keeper_.written();
  const std::string done = "generation " + std::to_string(generation) + " is in force until the policy folder changes";
  if (keeper_.trouble().empty()) co_return done;
  co_return done + " or the worker ends, because that cannot be kept: " + keeper_.trouble();
}

asio::awaitable<base::Result<std::string>> Host::promote(bool shadow) {
  return order("policy promote", put_held_in_force(shadow));
}

asio::awaitable<base::Result<std::string>> Host::put_held_in_force(bool shadow) {
  while (changing_) co_await change_.wait();
  const Turn turn(changing_, change_);
  if (!held_.empty() && shadow_ && !shadow) {
    co_return base::Error{base::Code::kConflict,
                          "a save is held and a shadow runs: say `policy promote --shadow`, or end the shadow with "
                          "`policy shadow --stop` to promote the save"};
  }
  if (shadow && !shadow_) co_return base::Error{base::Code::kNotFound, "no shadow runs"};
  if (held_.empty() && !shadow_)
    co_return base::Error{base::Code::kNotFound, "no saved policy is held, and no shadow runs"};
  const bool from_shadow = shadow_ != nullptr;
  auto files = from_shadow ? shadow_->files() : held_;
  std::string done;
  std::string turned_away;
  if (from_shadow) {
    done = " until the policy folder changes: copy " + shadow_->path().string() + " over it to keep it";
    const auto folder = co_await reload_.read();
    if (folder) turned_away = generations::fingerprint(*folder);
  }
  auto started = co_await start_child(files);
  if (!started) co_return std::move(started).error();
  Candidate candidate{started->child};
  auto hash = generations::fingerprint(files);
  if (from_shadow) {
    auto failed = co_await failed_tests(started->child, files);
    if (!failed.empty()) co_return base::Error{base::Code::kInvalid, std::move(failed)};
  }
  candidate.wanted = true;
  const auto reason = from_shadow ? generations::kFromShadow : generations::kPromoted;
  const auto generation = keeper_.add(files, hash, std::string(reason), std::move(turned_away));
  activate(std::move(*started), std::move(files), std::move(hash), generation);
  if (from_shadow) static_cast<void>(co_await end_shadow());
  co_await keeper_.written();
  co_return "generation " + std::to_string(generation) + " is in force" + done;
}

void Host::activate(Started started, SourceFiles files, std::string hash, std::uint64_t generation) {
  const auto old = std::exchange(active_, std::move(started.child));
  declared_ = std::move(started.declared);
  good_ = std::move(files);
  status_.generation = generation;
  status_.hash = std::move(hash);
  recorder_.set_policy(declared_->rules.calendar.zone().name(), status_.hash);
  status_.since = keeper_.in_force().reason;
  status_.error.clear();
  status_.held.clear();
  held_.clear();
  status_.safe_mode = false;
  status_.files.clear();
  for (const SourceFile& file : good_) {
    if (!is_test_file(file.name)) status_.files.push_back(file.name);
  }
  base::log::info("policy", "a policy is in force",
                  {{"generation", generation}, {"hash", status_.hash}, {"files", status_.files.size()}});
  if (options_.logs) options_.logs->apply(declared_->rules.logs, declared_->has_hooks[HookEvent::kLog]);
  if (old) old->retire();
  tasks_.spawn("policy sweep", warn_of(declared_->rules, good_));
  changed();
}

void Host::refuse(const base::Error& error) {
  status_.safe_mode = !declared_;
  status_.error = base::printable_lines(error.message);
  status_.held.clear();
  held_.clear();
  status_.rejected = keeper_.next_number();
  base::log::error("policy",
                   status_.safe_mode ? "no policy could be loaded: nothing is claimed until a good one is saved"
                                     : "the saved policy is refused: the last good one stays in force",
                   {{"error", error.message}});
  changed();
}

std::string summary_of(const PolicyStatus& status) {
  const auto error = status.error.substr(0, status.error.find('\n'));
  if (status.safe_mode) return "policy: none could be loaded, nothing is claimed: " + error;
  if (status.generation == 0) return {};
  std::string text = "policy g" + std::to_string(status.generation) + " (" + status.hash.substr(0, kShortHash) +
                     (status.since == generations::kRollback ? ") active by rollback" : ") active");
  if (!status.held.empty()) text += ", g" + std::to_string(status.rejected) + " held: " + status.held;
  if (!error.empty()) text += ", g" + std::to_string(status.rejected) + " rejected: " + error;
  return text;
}

}  // namespace policy
