// Saves that stall half way, as editors and scripts do them: is half a file ever in force?

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <random>
#include <unistd.h>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/async/timeout.h"
#include "base/unique_fd.h"
#include "stage.h"

namespace bench {
namespace {

constexpr std::size_t kFolders = 16;
constexpr int kLongestStall = 500;  // ms

/// Every beginning of it that ends with a line is a policy as well, and accepts everything.
std::string version(std::size_t number) {
  std::string text = "local worker = require 'worker'\n";
  for (int i = 0; i < 10; ++i) text += "worker.window 'w" + std::to_string(i) + "' { from = '22:00', to = '07:00' }\n";
  return text + "worker.on('offer', function() return worker.decline 'whole " + std::to_string(number) + "' end)\n";
}

enum class Way { kTruncate, kEmptyThenAppend, kRename, kBackup };

struct Tally {
  std::size_t truncating = 0;
  std::size_t renaming = 0;
  std::size_t broken = 0;
  std::size_t refused = 0;
  std::size_t lost = 0;
};

void put(const fs::path& path, int flags, std::string_view text) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644));
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) give_up("a write failed");
}

class Folder {
 public:
  Folder(asio::any_io_executor executor, const Setting& setting, std::size_t index, Tally& tally)
      : folder_(setting.folder / ("saves-" + std::to_string(index))), tally_(tally), random_(index) {
    fs::create_directories(folder_);
    write(folder_ / "other.lua", "local worker = require 'worker'\n");
    write(file(), version(0));
    policy::PolicyOptions options;
    options.path = folder_;
    options.host_program = setting.policy_host;
    host_ = make_policy_host(executor, *clock_, options);
    host_->on_change([this](const policy::PolicyStatus& status) {
      if (!status.error.empty()) ++tally_.refused;
      changed_.notify();
    });
  }

  asio::awaitable<void> work(std::size_t saves) {
    const auto started = co_await host_->start();
    if (!started) give_up(started.error().message);
    for (std::size_t number = 1; number <= saves; ++number) {
      const auto generation = host_->status().generation;
      co_await save(static_cast<Way>(number % 4), version(number));
      auto arriving = base::with_timeout(*clock_, std::chrono::seconds(20), std::string("in force"), after(generation));
      const auto arrived = co_await std::move(arriving);
      if (!arrived) ++tally_.lost;
      co_await look();
    }
    co_await host_->stop();
  }

 private:
  fs::path file() const { return folder_ / "rules.lua"; }

  asio::awaitable<base::Status> after(std::uint64_t generation) {
    while (host_->status().generation <= generation) co_await changed_.wait();
    co_return base::Status();
  }

  /// What is in force now must be a whole file.
  asio::awaitable<void> look() {
    const auto offer = make_offer();
    const auto facts = make_facts();
    const auto decision = co_await host_->decide(offer, facts);
    if (!decision.reason.starts_with("whole ")) ++tally_.broken;
  }

  /// Looks at the policy in force all the time while the save stalls.
  asio::awaitable<void> stall() {
    const auto until =
        clock_->now() + std::chrono::milliseconds(std::uniform_int_distribution(0, kLongestStall)(random_));
    while (clock_->now() < until) {
      co_await look();
      const auto next = std::min(until, clock_->now() + std::chrono::milliseconds(50));
      co_await clock_->sleep_until(next);
    }
  }

  asio::awaitable<void> save(Way way, std::string text) {
    const auto cut = std::uniform_int_distribution<std::size_t>(0, text.size())(random_);
    const auto head = text.substr(0, cut);
    const auto tail = text.substr(cut);
    ++(way == Way::kTruncate || way == Way::kEmptyThenAppend ? tally_.truncating : tally_.renaming);
    if (way == Way::kTruncate) {
      const base::UniqueFd open(::open(file().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
      if (::write(open.get(), head.data(), head.size()) < 0) give_up("a write failed");
      co_await stall();
      if (::write(open.get(), tail.data(), tail.size()) < 0) give_up("a write failed");
    } else if (way == Way::kEmptyThenAppend) {
      put(file(), O_TRUNC, "");
      co_await stall();
      put(file(), O_APPEND, text);
    } else if (way == Way::kRename) {
      const auto beside = folder_ / ".rules.lua.swp";
      put(beside, O_TRUNC, head);
      co_await stall();
      put(beside, O_APPEND, tail);
      fs::rename(beside, file());
    } else {
      fs::rename(file(), folder_ / "rules.lua~");
      co_await stall();
      put(file(), O_TRUNC, text);
    }
  }

  fs::path folder_;
  Tally& tally_;
  std::mt19937 random_;
  std::unique_ptr<base::Clock> clock_ = base::make_system_clock();
  std::unique_ptr<policy::PolicyHost> host_;
  base::Event changed_;
};

asio::awaitable<void> measure(asio::any_io_executor executor, const Setting& setting, Tally& tally) {
  std::vector<std::unique_ptr<Folder>> folders;
  base::TaskGroup group(executor);
  for (std::size_t i = 0; i < kFolders; ++i) {
    folders.push_back(std::make_unique<Folder>(executor, setting, i, tally));
    group.spawn("saves", folders.back()->work((setting.count + kFolders - 1) / kFolders));
  }
  co_await group.wait();
}

}  // namespace

json::object saves(const Setting& setting) {
  Tally tally;
  run([&](asio::any_io_executor executor) { return measure(executor, setting, tally); });
  return {{"truncating", tally.truncating},
          {"renaming", tally.renaming},
          {"broken_in_force", tally.broken},
          {"refused", tally.refused},
          {"lost", tally.lost}};
}

}  // namespace bench
