#include "policy/generations/keeper.h"

#include <algorithm>
#include <utility>

#include "base/async/run_on.h"
#include "base/log.h"

namespace policy::generations {
Keeper::Keeper(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock, std::filesystem::path folder,
               const std::filesystem::path& source)
    : disk_(disk ? std::move(disk) : io), clock_(clock), tasks_(io) {
  in_force_.source = source_of(source);
  if (!folder.empty()) store_ = std::make_shared<const Store>(std::move(folder));
}

std::vector<Kept> Keeper::open() {
  std::vector<Kept> kept;
  if (!store_) return kept;
  std::vector<std::string> warnings;
  auto generations = store_->list(warnings);
  const auto before = store_->in_force();
  if (before) in_force_.newest = before->newest;
  if (!generations.empty()) in_force_.newest = std::max(in_force_.newest, generations.front().number);
  if (!before || before->source != in_force_.source) {
    generations.clear();
  } else {
    std::erase_if(generations, [&](const Generation& one) { return !is_of(one, in_force_.source); });
    in_force_ = {before->number, in_force_.newest, before->reason, before->turned_away, before->source};
    std::stable_partition(generations.begin(), generations.end(),
                          [&](const Generation& one) { return one.number == before->number; });
  }
  for (const Generation& one : generations) {
    auto whole = store_->read(one.number);
    if (whole)
      kept.push_back(std::move(*whole));
    else
      warnings.push_back(whole.error().message);
  }
  for (const auto& warning : warnings) base::log::warn("policy", "a kept policy cannot be used", {{"why", warning}});
  return kept;
}

asio::awaitable<base::Result<Kept>> Keeper::find(std::optional<std::uint64_t> number) {
  if (!store_) co_return base::Error{base::Code::kNotFound, "this worker keeps no generations of its policy"};
  auto look = [store = store_, number, present = in_force_] { return store->choose(number, present); };
  co_return co_await base::run_on(disk_, std::move(look));
}

std::uint64_t Keeper::add(const SourceFiles& files, std::string hash, std::string reason, std::string turned_away) {
  in_force_.number = ++in_force_.newest;
  in_force_.reason = reason;
  in_force_.turned_away = std::move(turned_away);
  if (!store_) return in_force_.number;
  const auto at = base::format_utc(clock_.wall_now());
  Kept kept{{in_force_.number, std::move(hash), at, std::move(reason), {}, in_force_.source}, files};
  for (const SourceFile& file : files) kept.about.files.push_back(file.name);
  auto work = [store = store_, kept = std::move(kept), mark = in_force_] { return store->keep(kept, mark); };
  tasks_.spawn("policy generation", write(std::move(work)));
  return in_force_.number;
}

void Keeper::go_back(std::uint64_t number, std::string turned_away) {
  in_force_.number = number;
  in_force_.reason = kRollback;
  in_force_.turned_away = std::move(turned_away);
  write_mark();
}

void Keeper::go_on(std::uint64_t number) {
  if (std::exchange(in_force_.number, number) == number) return;
  // Not the one that was chosen before, so the folder counts again.
  in_force_.reason = kSaved;
  in_force_.turned_away.clear();
  write_mark();
}

void Keeper::settle() {
  if (in_force_.reason != kRollback && in_force_.turned_away.empty()) return;
  in_force_.reason = kSaved;
  in_force_.turned_away.clear();
  write_mark();
}

void Keeper::write_mark() {
  if (!store_) return;
  auto work = [store = store_, mark = in_force_] { return store->mark(mark); };
  tasks_.spawn("policy generation", write(std::move(work)));
}

asio::awaitable<void> Keeper::write(std::function<base::Status()> work) {
  const auto written = co_await base::run_on(disk_, std::move(work));
  const std::string trouble = written ? "" : written.error().message;
  if (std::exchange(trouble_, trouble) == trouble) co_return;
  if (!trouble_.empty()) {
    base::log::warn("policy", "the policy in force could not be kept; a restart has only the folder",
                    {{"why", trouble_}});
  }
  if (callback_) callback_();
}

asio::awaitable<void> Keeper::written() {
  co_await tasks_.wait();
}

}  // namespace policy::generations
