#include "simulation/world.h"

#include <fstream>

#include <boost/json.hpp>

#include "simulation/process.h"

namespace simulation {
namespace {

using namespace std::chrono_literals;

/// A worker that sees its connections fail all the time makes fewer than this many tries in five minutes; the windows
/// of the backoff give 25, and each connection that lived for its longest window begins them anew.
constexpr std::size_t kMostConnects = 60;
constexpr base::Duration kCalm = 45min;

}  // namespace

World::World(Plan plan, std::filesystem::path folder, bool print)
    : plan_(plan),
      random_(plan.seed * 2 + 1),
      worker_random_(plan.seed * 2 + 2),
      trace_(clock_, print),
      studio_(plan_, clock_, random_, trace_),
      network_(plan_, clock_, random_, trace_, studio_),
      state_(std::move(folder)) {}

World::~World() = default;

Outcome World::run() {
  std::string mix = "seed " + std::to_string(plan_.seed) + ", faults";
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (plan_.faults.test(i)) mix += " " + std::string(to_string(static_cast<Fault>(i)));
  }
  trace_.line("world", mix);
  schedule_jobs();
  schedule_faults();
  schedule_machine_faults();
  every_second();
  boot();
  clock_.call_at(base::SteadyTime{} + plan_.length, [this] { calm_down(); });
  const auto end = base::SteadyTime{} + plan_.length + kCalm;
  const auto over = [&] { return ended_ || trace_.violations().size() >= 5; };
  while (!over() && clock_.step(end)) {
    if (doomed_ != nullptr) bury();
    if (process_ && process_->end) process_ended(*process_->end);
  }
  judge();
  doomed_ = "the end of the world";
  if (process_) bury();
  return {trace_.violations(), trace_.digest(), trace_.lines(), studio_.jobs().size(), lives_};
}

base::Duration World::about(base::Duration mean) {
  return base::Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(2 * mean.count()) + 1)));
}

// --- processes

void World::boot() {
  if (process_) return;
  trace_.line("world", "worker process " + std::to_string(lives_ + 1) + " starts");
  process_ = std::make_unique<Process>(*this, ++lives_);
  arm_write_kill();
  history::JournalOptions options;
  options.folder = state_;
  options.reserve_bytes = 0;
  options.rotate_bytes = plan_.rotate_bytes;
  options.storage = std::make_shared<history::MemoryFolder>(disk_);
  auto journal = history::Journal::open(std::move(options), io_.get_executor());
  if (doomed_ != nullptr) return;
  if (!journal) {
    // Nothing was claimed: a service manager tries again.
    trace_.line("world", "no journal: " + journal.error().message);
    process_.reset();
    boot_later(10s);
    return;
  }
  for (const auto& [job, produced_in] : shelf_.produced) {
    const auto entry = (*journal)->find(base::JobId(job));
    if (entry && entry->stage == history::Stage::kProduced) continue;
    trace_.violation("lost-result", job + " is not in the journal any more");
  }
  process_->journal = std::make_unique<WatchedJournal>(std::move(*journal), shelf_, process_->life);
  if (plan_.plant == Plant::kLostResult) process_->journal->forget_results();
  process_->start(*this);
}

void World::boot_later(base::Duration delay) {
  clock_.call_at(clock_.now() + delay, [this] { boot(); });
}

void World::kill(const char* how) {
  if (!process_ || doomed_ != nullptr) return;
  process_->life->alive = false;
  doomed_ = how;
}

/// Ends a process whose life is over: what it still does reaches nobody.
void World::bury() {
  trace_.line("world", std::string("the worker process dies: ") + doomed_);
  process_->life->alive = false;
  disk_.fault = history::MemoryDisk::Fault::kBroken;
  disk_.budget = 0;
  network_.process_died();
  if (process_->worker) {
    process_->worker->shut_down_now();
    clock_.settle();
    // Its coroutines stand on it: it cannot be taken away before it has ended.
    if (!process_->end) trace_.violation("no-end", "the worker does not stop at once");
    while (!process_->end && clock_.step(clock_.now() + 1h)) {
    }
  }
  process_.reset();
  clock_.settle();
  doomed_ = nullptr;
  disk_.heal();
  if (std::exchange(doomed_by_power_, false)) cut_power();
  boot_later(1s + about(5s));
}

void World::cut_power() {
  disk_.cut_power(random_.below(2000));
  for (auto result = shelf_.produced.begin(); result != shelf_.produced.end();) {
    if (shelf_.synced.contains(result->first)) {
      ++result;
      continue;
    }
    // The files of a result that was never synced may be short, whatever the journal says.
    for (const char* name : {"result.png", "result.json", "prompt.txt"}) {
      if (result->second.empty()) break;  // it stands in the journal
      const auto path = std::filesystem::path(result->second) / name;
      std::error_code missing;
      const auto size = std::filesystem::file_size(path, missing);
      if (!missing) std::filesystem::resize_file(path, random_.below(size + 1), missing);
    }
    result = shelf_.produced.erase(result);
  }
}

void World::process_ended(studio::LinkEnd end) {
  trace_.line("world", "the worker process ends by itself: " + std::to_string(static_cast<int>(end)));
  if (end != studio::LinkEnd::kStopped && end != studio::LinkEnd::kDuplicate) {
    trace_.violation("gave-up", "the worker ended with " + std::to_string(static_cast<int>(end)));
  }
  network_.process_died();
  process_.reset();
  clock_.settle();
  boot_later(1s + about(5s));
}

// --- what happens

void World::schedule_jobs() {
  const base::Duration mean = 25s + about(50s);
  auto at = base::SteadyTime{} + about(2s);
  for (const auto end = base::SteadyTime{} + plan_.length; at < end; at += about(mean)) {
    clock_.call_at(at, [this] { studio_.add_job(); });
  }
}

void World::every_second() {
  clock_.call_at(clock_.now() + 1s, [this] {
    studio_.tick();
    watch_connects();
    if (calm_ && studio_.all_settled()) ended_ = true;
    every_second();
  });
}

void World::plague(Fault fault, base::Duration mean, std::function<void()> strike) {
  if (!plan_.has(fault)) return;
  clock_.call_at(clock_.now() + about(mean), [this, fault, mean, strike = std::move(strike)] {
    if (calm_) return;
    trace_.line("fault", to_string(fault));
    strike();
    plague(fault, mean, strike);
  });
}

void World::schedule_faults() {
  plague(Fault::kReset, 1s + about(5min), [this] { network_.reset(); });
  plague(Fault::kMute, 30s + about(10min), [this] { network_.mute(); });
  plague(Fault::kRefuse, 30s + about(10min), [this] {
    network_.refuse_until(clock_.now() + about(90s));
    if (random_.below(2) == 0) network_.reset();
  });
  plague(Fault::kClose, 5s + about(5min), [this] {
    constexpr std::array<std::uint16_t, 5> kCodes = {1000, 1001, 1011, 1012, 1013};
    studio_.close_session(kCodes[random_.below(kCodes.size())], "closed by the simulation");
  });
  plague(Fault::kEvict, 30min, [this] { studio_.close_session(4003, "replaced"); });
  plague(Fault::kGarbage, 1s + about(1min), [this] { studio_.say_garbage(); });
  plague(Fault::kRestart, 1min + about(10min), [this] { studio_.restart(); });
}

void World::schedule_machine_faults() {
  plague(Fault::kPolicyFlips, 1min + about(5min), [this] { policy_declines_ = !policy_declines_; });
  plague(Fault::kPause, 1min + about(10min), [this] {
    if (!process_ || !process_->worker) return;
    if (random_.below(2) == 0) {
      process_->worker->pause(about(60s));
    } else {
      process_->worker->resume();
    }
  });
  plague(Fault::kTerminate, 1min + about(10min), [this] {
    if (!process_ || !process_->worker || std::exchange(process_->terminating, true)) return;
    process_->worker->shut_down("SIGTERM");
    // The drain limit, the time to hand the job back, and the close.
    clock_.call_at(clock_.now() + 41s, [this, number = process_->life->number] {
      if (process_ && process_->life->number == number && process_->life->alive) {
        trace_.violation("no-end", "the worker still runs 41 s after SIGTERM");
      }
    });
  });
  plague(Fault::kKill, 10s + about(5min), [this] { kill("SIGKILL"); });
  plague(Fault::kPowerCut, 1min + about(10min), [this] {
    doomed_by_power_ = process_ != nullptr;
    kill("the power is cut");
  });
  plague(Fault::kDiskFull, 1min + about(10min), [this] { strike_disk_full(); });
  plague(Fault::kSyncFails, 30s + about(5min), [this] {
    disk_.sync_fails = true;
    clock_.call_at(clock_.now() + about(5s), [this] { disk_.sync_fails = false; });
  });
}

void World::strike_disk_full() {
  if (disk_.fault != history::MemoryDisk::Fault::kNone) return;
  disk_.fault = history::MemoryDisk::Fault::kFull;
  disk_.budget = random_.below(500);
  clock_.call_at(clock_.now() + about(60s), [this] {
    if (disk_.fault == history::MemoryDisk::Fault::kFull) disk_.heal();
  });
}

/// The process dies when it has written so many bytes more, and only a part of the last record is there.
void World::arm_write_kill() {
  if (!plan_.has(Fault::kKillAtWrite) || calm_ || disk_.fault != history::MemoryDisk::Fault::kNone) return;
  disk_.fault = history::MemoryDisk::Fault::kBroken;
  disk_.budget = random_.below(3000);
  disk_.on_broken = [this] {
    doomed_by_power_ = doomed_ == nullptr && plan_.has(Fault::kPowerCut) && random_.below(2) == 0;
    kill(doomed_by_power_ ? "the power is cut in the middle of a write" : "SIGKILL in the middle of a write");
  };
}

// --- the end

void World::calm_down() {
  trace_.line("world", "from here on nothing goes wrong");
  calm_ = true;
  policy_declines_ = false;
  studio_.calm_down();
  network_.calm_down();
  if (doomed_ == nullptr) disk_.heal();
  if (process_ && process_->worker) process_->worker->resume();
}

void World::watch_connects() {
  if (!process_) return;
  if (const auto connects = process_->connector.recent(); connects > kMostConnects) {
    trace_.violation("reconnect-storm", std::to_string(connects) + " connects in 5 minutes");
  }
}

void World::judge() {
  if (process_ && process_->worker && process_->life->alive) {
    const auto status = boost::json::parse(process_->worker->status()).as_object();
    const auto& vram = status.at("vram").as_object();
    if (vram.at("promised_gib").to_number<double>() > 0) {
      trace_.violation("leaked-lease", boost::json::serialize(vram) + " in the end");
    }
  }
  if (!ended_) studio_.report_unsettled();
}

}  // namespace simulation
