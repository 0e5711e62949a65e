#include "policy/logs/log_router.h"

#include <algorithm>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

namespace policy::logs {
namespace {

using base::log::Format;
using base::log::Level;
using base::log::Record;

constexpr base::Duration kTidyEvery = std::chrono::hours(1);

/// What the policy says about itself when something is wrong passes no hook: a hook that fails would feed itself.
bool passes_hooks(const Record& record) {
  return record.category != "policy" || record.level < Level::kWarn;
}

}  // namespace

LogRouter::LogRouter(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock,
                     std::filesystem::path folder)
    : io_(std::move(io)), disk_(std::move(disk)), clock_(clock), folder_(std::move(folder)), table_({}, Level::kInfo) {}

void LogRouter::apply(std::vector<LogRule> rules, bool hooked) {
  Level least{};
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (!hooked) write(queue_.take_all(false));
    say_overdue(base::SteadyTime::max());
    installed_ = installed_ || hooked || !rules.empty();
    if (!installed_) return;
    hooked_ = hooked;
    told_ = false;
    table_ = LogTable(std::move(rules), base::log::console_level());
    open_files();
    least = table_.least();
  }
  base::log::set_router(shared_from_this(), least);
}

/// A file whose options stay keeps its output, with what that remembers.
void LogRouter::open_files() {
  std::map<std::string, base::log::LogFileOptions> wanted;
  for (const LogRule& rule : table_.rules()) {
    if (rule.sink != Sink::kFile) continue;
    const bool first = wanted.find(rule.file) == wanted.end();
    auto& options = wanted[rule.file];
    options.folder = folder_;
    options.name = rule.file;
    if (first) options.format = rule.format.value_or(Format::kText);
    options.keep = rule.keep.value_or(options.keep);
    options.max_size = rule.max_size.value_or(options.max_size);
  }
  auto before = std::exchange(files_, {});
  for (auto& [name, options] : wanted) {
    const auto old = before.find(name);
    files_[name] = old != before.end() && old->second->options() == options
                       ? old->second
                       : std::make_shared<base::log::FileOutput>(disk_, std::move(options));
  }
}

void LogRouter::take(Record record) {
  const std::lock_guard lock(mutex_);
  if (closed_) return write_usual(record);
  if (!hooked_) return write_by_rules(record);
  const bool asks = passes_hooks(record);
  const bool first = queue_.empty();
  write(queue_.push(std::move(record), asks));
  if (first) wake();
}

void LogRouter::wake() {
  asio::post(io_, [self = shared_from_this()] { self->wake_.notify(); });
}

asio::awaitable<void> LogRouter::run(Rewrite rewrite) {
  using namespace asio::experimental::awaitable_operators;
  for (;;) {
    if (auto batch = next_batch(); !batch.empty()) {
      co_await ask(rewrite, std::move(batch));
      continue;
    }
    const auto until = tend();
    auto event = clock_.sleep_until(until) || wake_.wait();
    co_await std::move(event);
  }
}

asio::awaitable<void> LogRouter::finish(Rewrite rewrite) {
  {
    const std::lock_guard lock(mutex_);
    queue_.recall();
  }
  for (bool answered = true; answered;) {
    auto batch = next_batch();
    if (batch.empty()) break;
    answered = co_await ask(rewrite, std::move(batch));
  }
  close();
}

void LogRouter::close() {
  {
    const std::lock_guard lock(mutex_);
    write(queue_.take_all(true));
    say_overdue(base::SteadyTime::max());
    closed_ = true;
  }
  if (installed_) base::log::set_router(nullptr);
}

std::vector<LogFacts> LogRouter::next_batch() {
  const std::lock_guard lock(mutex_);
  write(queue_.take_unasked());
  return queue_.next_batch();
}

/// Whether there was an answer.
asio::awaitable<bool> LogRouter::ask(const Rewrite& rewrite, std::vector<LogFacts> batch) {
  auto operation = rewrite(std::move(batch));
  const auto answer = co_await std::move(operation);
  settle(answer);
  co_return answer.has_value();
}

void LogRouter::settle(const base::Result<Rewritten>& answer) {
  const std::lock_guard lock(mutex_);
  const std::string& error = answer ? answer->error : answer.error().message;
  if (!error.empty() && !std::exchange(told_, true)) {
    write_by_rules({clock_.wall_now(),
                    Level::kError,
                    "policy",
                    "a log hook failed: its records go unchanged to the usual places",
                    {{"error", error}}});
  }
  write(answer ? queue_.settle(*answer) : queue_.fail());
}

/// Does what is due. Returns when there is something again.
base::SteadyTime LogRouter::tend() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  say_overdue(now);
  if (tidy_at_ <= now) {
    tidy_at_ = now + kTidyEvery;
    for (const auto& [name, file] : files_) file->tidy(clock_.wall_now());
  }
  asleep_until_ = std::min(tidy_at_, table_.next_overdue().value_or(tidy_at_));
  return asleep_until_;
}

void LogRouter::write(Done records) {
  for (const auto& [record, hooks_failed] : records) {
    if (hooks_failed)
      write_usual(record);
    else
      write_by_rules(record);
  }
}

void LogRouter::write_usual(const Record& record) {
  if (record.level >= base::log::console_level()) base::log::print(record);
  if (record.for_studio) to_studio(record);
}

void LogRouter::write_by_rules(const Record& record) {
  const auto now = clock_.now();
  say_overdue(now);
  const auto answer = table_.ask(record, now);
  if (!answer.matched) return write_usual(record);
  for (const std::size_t entry : answer.entries) write_to(table_.rules()[entry], record);
  if (const auto next = table_.next_overdue(); next && *next < asleep_until_) wake();
}

void LogRouter::write_to(const LogRule& rule, const Record& record) {
  switch (rule.sink) {
    case Sink::kConsole:
      return base::log::print(record, rule.format);
    case Sink::kStudio:
      return to_studio(record);
    case Sink::kFile:
      return files_.at(rule.file)->put(to_line(record, rule.format.value_or(Format::kText)), record.time);
    case Sink::kNone:
      return;
  }
}

/// Never within the call: the studio's side may write a record of its own.
void LogRouter::to_studio(const Record& record) {
  asio::post(io_, [self = shared_from_this(), record] {
    if (self->studio_) self->studio_(record);
  });
}

void LogRouter::say_overdue(base::SteadyTime now) {
  for (const auto& [entry, records] : table_.overdue(now)) {
    const LogRule& rule = table_.rules()[entry];
    write_to(rule, {clock_.wall_now(),
                    Level::kWarn,
                    "logs",
                    std::to_string(records) + " more were not written: there were too many",
                    {{"rule", rules::to_string(rule.place)}}});
  }
}

std::vector<std::string> LogRouter::problems() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> problems;
  for (const auto& [name, file] : files_) {
    if (auto problem = file->problem(); !problem.empty()) problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace policy::logs
