#include "engine/instance/instance.h"

#include <csignal>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/files.h"
#include "base/log.h"
#include "engine/result_file.h"

namespace engine {
namespace {

namespace log = base::log;

constexpr std::string_view kCategory = "engine";
// An engine that floods us with frames must not keep the other tasks of the thread waiting.
constexpr int kFramesAtOnce = 64;
constexpr int kFramesLeftAtMost = 10'000;
/// A timer that is later than this was not late: the process was stopped, or its machine. The engine gets so much time
/// from then on, in which the frames that wait in the channel are read.
constexpr base::Duration kStandstill = std::chrono::seconds(1);

std::vector<std::string> environment_in(const std::filesystem::path& home) {
  auto environment = process::scrubbed_environment();
  std::erase_if(environment, [](const std::string& entry) { return entry.starts_with("HOME="); });
  environment.push_back("HOME=" + home.native());
  return environment;
}

base::Status make_empty_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::remove_all(folder, failure);
  if (failure) return base::file_error("empty", folder, failure.value());
  return base::make_private_folder(folder);
}

}  // namespace

std::string program_of(const Manifest& manifest) {
  const std::string& name = manifest.command.front();
  if (name.front() == '/') return name;
  std::error_code failure;
  const auto beside = std::filesystem::absolute(manifest.folder / name, failure);
  if (!failure && std::filesystem::is_regular_file(beside, failure)) return beside.native();
  return name;
}

base::Result<std::unique_ptr<Instance>> Instance::start(asio::any_io_executor executor, base::Clock& clock,
                                                        const Manifest& manifest, std::filesystem::path folder) {
  STUDIO_ASSERT(!manifest.command.empty());
  CHECK_OK(make_empty_folder(folder));
  process::SpawnOptions options;
  options.argv = manifest.command;
  options.argv.front() = program_of(manifest);
  options.environment = environment_in(folder);
  options.working_folder = folder;
  options.capture_output = true;
  TRY(auto child, process::ChildProcess::spawn(executor, std::move(options)));
  log::info(kCategory, "engine started", {{"engine", manifest.name}, {"pid", child.pid()}});
  return std::unique_ptr<Instance>(
      new Instance(std::move(executor), clock, manifest, std::move(folder), std::move(child)));
}

Instance::Instance(asio::any_io_executor executor, base::Clock& clock, const Manifest& manifest,
                   std::filesystem::path folder, process::ChildProcess child)
    : manifest_(manifest),
      clock_(clock),
      executor_(executor),
      folder_(std::move(folder)),
      child_(std::move(child)),
      machine_(manifest.name,
               Patience{manifest.deadlines.load, manifest.idle, manifest.term_again, manifest.kill_after}),
      lines_([this](const std::string& line) { log_line(log::Level::kInfo, line); }),
      tasks_(std::move(executor)) {}

asio::awaitable<void> Instance::serve() {
  tasks_.spawn("engine frames", read_frames());
  tasks_.spawn("engine output", read_output());
  apply(machine_.start(clock_.now()));
  const auto status = co_await child_.wait_exit();
  read_what_is_left();
  log::info(kCategory, "engine ended",
            {{"engine", manifest_.name}, {"pid", child_.pid()}, {"how", process::to_string(status)}});
  apply(machine_.exited(status, lines_.last_line()));
  restart_lines();
  tasks_.cancel_all();
  co_await tasks_.wait();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Instance::submit(Ticket& ticket) {
  STUDIO_ASSERT(accepts());
  restart_lines();
  ticket_ = &ticket;
  if (ticket.request.out_dir.empty()) ticket.request.out_dir = folder_;
  JobTerms terms;
  terms.job = ticket.request.job;
  terms.needs_load = ticket.load != loaded_;
  terms.no_progress = manifest_.deadlines.no_progress;
  terms.total = std::min(ticket.request.max_time.value_or(manifest_.deadlines.total), manifest_.deadlines.total);
  apply(machine_.submit(std::move(terms), clock_.now()));
}

void Instance::freeze(bool frozen) {
  if (frozen == frozen_since_.has_value()) return;
  const auto now = clock_.now();
  if (frozen) {
    frozen_since_ = now;
    child_.signal_group(SIGSTOP);
    return;
  }
  machine_.postpone(now - *std::exchange(frozen_since_, std::nullopt));
  child_.signal_group(SIGCONT);
  set_alarm();
}

void Instance::cancel() {
  freeze(false);
  apply(machine_.cancel(clock_.now()));
}

void Instance::stop() {
  freeze(false);
  apply(machine_.stop(clock_.now()));
}

asio::awaitable<void> Instance::read_frames() {
  for (int taken = 1;; ++taken) {
    auto frame = co_await child_.channel().read();
    if (!frame) {
      const auto now = clock_.now();
      const bool corrupt = frame.error().code == base::Code::kCorrupt;
      apply(corrupt ? machine_.broke_protocol(frame.error().message, now)
                    : machine_.closed(child_.channel().left_unread(), now));
      co_return;
    }
    take(*frame);
    if (taken % kFramesAtOnce == 0) co_await asio::post(executor_, asio::use_awaitable);
  }
}

asio::awaitable<void> Instance::read_output() {
  for (;;) {
    const auto chunk = co_await child_.read_output();
    if (!chunk) co_return;
    lines_.append(*chunk);
  }
}

asio::awaitable<void> Instance::watch_deadline(std::uint64_t generation) {
  while (generation == alarm_generation_) {
    const auto due = frozen_since_ ? std::nullopt : machine_.deadline();
    alarm_at_ = due;
    if (!due) co_return;
    const auto now = clock_.now();
    if (*due + kStandstill <= now) {
      machine_.postpone(now - *due + kStandstill);
      continue;
    }
    if (*due <= now) {
      apply(machine_.overdue(now));
      continue;
    }
    co_await clock_.sleep_until(*due);
  }
}

/// The process is reaped: what it said before it died is in the socket and in the pipe, and nothing else will come.
void Instance::read_what_is_left() {
  for (int left = kFramesLeftAtMost; left > 0; --left) {
    const auto frame = child_.channel().read_now();
    if (!frame || !*frame) break;
    take(**frame);
  }
  apply(machine_.closed(child_.channel().left_unread(), clock_.now()));
  lines_.append(child_.output_left());
  lines_.end();
}

void Instance::take(const std::string& text) {
  const auto frame = decode(text);
  if (!frame) {
    apply(machine_.broke_protocol(frame.error().message, clock_.now()));
    return;
  }
  std::visit([this](const auto& known) { on(known); }, *frame);
}

void Instance::on(const ReadyFrame& frame) {
  log::debug(kCategory, "engine ready",
             {{"engine", manifest_.name}, {"says", log::printable(frame.name + " " + frame.version, 200)}});
  apply(machine_.ready(frame.protocol, clock_.now()));
}

void Instance::on(const LoadedFrame& frame) {
  log::debug(kCategory, "model loaded",
             {{"engine", manifest_.name}, {"model", log::printable(frame.model, 200)}, {"vram", frame.vram}});
  if (ticket_ != nullptr) loaded_ = ticket_->load;
  apply(machine_.loaded(clock_.now()));
}

void Instance::on(const ProgressFrame& frame) {
  if (!machine_.is_current(frame.job)) return;
  apply(machine_.alive(clock_.now()));
  if (ticket_ != nullptr && ticket_->progress) ticket_->progress(frame.progress);
}

void Instance::on(const LogFrame& frame) {
  apply(machine_.alive(clock_.now()));
  if (lines_.admit()) log_line(frame.level, frame.text);
}

void Instance::on(const ResultFrame& frame) {
  if (ticket_ == nullptr || !machine_.is_current(frame.job)) return;
  auto artifacts = check_result(frame, ticket_->request.kind, ticket_->request.out_dir);
  const auto now = clock_.now();
  if (!artifacts) {
    apply(machine_.broke_protocol(artifacts.error().message, now));
  } else {
    apply(machine_.result(frame.job, std::move(*artifacts), now));
  }
}

void Instance::on(const FailedFrame& frame) {
  apply(machine_.failed(frame.job, frame.failure, clock_.now()));
}

void Instance::on(const UnknownFrame& frame) {
  log::debug(kCategory, "frame of an unknown type ignored", {{"engine", manifest_.name}, {"type", frame.type}});
}

void Instance::apply(Actions actions) {
  for (const Action& action : actions) {
    std::visit([this](const auto& known) { act(known); }, action);
  }
  set_alarm();
}

void Instance::act(const Send& send) {
  const auto sent = child_.channel().send_large(frame_for(send.command));
  if (sent) return;
  const auto now = clock_.now();
  if (sent.error().code != base::Code::kInvalid) {
    apply(machine_.closed(true, now));
    return;
  }
  const base::JobId job = send.command == Command::kRun ? ticket_->request.job : base::JobId();
  apply(machine_.failed(job, {job::FailureClass::kBadRequest, sent.error().message}, now));
}

void Instance::act(const Signal& signal) {
  child_.signal_group(signal.number);
}

void Instance::act(const Finish& finish) {
  STUDIO_ASSERT(ticket_ != nullptr);
  lines_.append(child_.output_left());
  restart_lines();
  Ticket& ticket = *std::exchange(ticket_, nullptr);
  ticket.outcome = finish.outcome;
  ticket.untouched = finish.untouched;
  ticket.changed.notify();
}

std::string Instance::frame_for(Command command) {
  switch (command) {
    case Command::kHello:
      return encode_hello(manifest_);
    case Command::kLoad:
      loaded_.clear();
      return ticket_->load;
    case Command::kRun:
      return encode_run(ticket_->request);
    case Command::kCancel:
      return encode_cancel(ticket_->request.job);
    case Command::kQuit:
      return encode_quit();
  }
  return {};
}

/// One timer that is only ever moved forward: a later deadline lets it wake for nothing, which costs less than a new
/// timer for every job.
void Instance::set_alarm() {
  if (frozen_since_) return;
  const auto due = machine_.deadline();
  if (!due || (alarm_at_ && *alarm_at_ <= *due)) return;
  tasks_.cancel(alarm_task_);
  alarm_at_ = due;
  alarm_task_ = tasks_.spawn("engine deadline", watch_deadline(++alarm_generation_));
}

void Instance::log_line(log::Level level, const std::string& line) const {
  if (ticket_ != nullptr) {
    log::write(level, kCategory, line, {{"engine", manifest_.name}, {"job", ticket_->request.job}},
               {{"game", ticket_->request.game}, {"kind", job::to_string(ticket_->request.kind)}});
  } else {
    log::write(level, kCategory, line, {{"engine", manifest_.name}});
  }
}

void Instance::restart_lines() {
  const auto lost = lines_.restart();
  if (lost == 0) return;
  log_line(log::Level::kWarn, std::to_string(lost) + " more lines of output were dropped");
}

}  // namespace engine
