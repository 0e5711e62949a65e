// What an engine says, and the machine that listens. A line is a frame; a line that starts with ! is an event:
//   !submit JOB, !load JOB, !cancel, !stop, !late, !wait MS, !closed, !exit CODE, !kill

#include <csignal>

#include <boost/json.hpp>

#include "base/files.h"
#include "engine/frames.h"
#include "engine/instance/instance_machine.h"
#include "engine/result_file.h"
#include "fuzz/fuzz.h"

namespace {

using namespace engine;
namespace json = boost::json;

json::value parsed(std::string_view text) {
  json::error_code failure;
  auto value = json::parse(json::string_view(text.data(), text.size()), failure);
  STUDIO_ASSERT(!failure);
  return value;
}

/// A folder with one result in it and some things that are none.
std::filesystem::path out_folder() {
  static const auto kFolder = [] {
    auto folder = base::TempDir::create("fuzz-engine");
    STUDIO_ASSERT(base::write_file(folder->path() / "result.png", "bytes").has_value());
    STUDIO_ASSERT(base::write_file(folder->path() / "empty", "").has_value());
    std::filesystem::create_symlink("result.png", folder->path() / "link");
    std::filesystem::create_directory(folder->path() / "folder");
    return folder;
  }();
  return kFolder->path();
}

/// Whatever the job is called, our own frames say it as it is.
void check_encoders(const std::string& job, const std::string& task) {
  RunRequest request;
  request.job = base::JobId(job);
  request.model = base::ModelId(job);
  request.task = std::make_shared<const std::string>(task.empty() ? "{}" : task);
  request.files = {{job, job}};
  request.inputs = {{job, 1, job, job}};
  request.out_dir = job;
  const json::value run = parsed(encode_run(request));
  STUDIO_ASSERT(run.at("job").as_string() == job && run.at("out_dir").as_string() == job);
  STUDIO_ASSERT(run.at("task") == parsed(*request.task));
  STUDIO_ASSERT(run.at("inputs").at(0).at("path").as_string() == job);
  const json::value load = parsed(encode_load(request));
  STUDIO_ASSERT(load.at("model").as_string() == job && load.at("files").at(0).at("role").as_string() == job);
  STUDIO_ASSERT(parsed(encode_cancel(request.job)).at("job").as_string() == job);
}

class Driver {
 public:
  Driver() { take(machine_.start(now_)); }

  bool dead() const { return machine_.phase() == Phase::kDead; }

  void step(std::string_view line) {
    if (!line.starts_with('!')) {
      hear(std::string(line));
    } else if (fuzz::take_word(line, "!submit")) {
      submit(line, false);
    } else if (fuzz::take_word(line, "!load")) {
      submit(line, true);
    } else if (fuzz::take_word(line, "!wait")) {
      now_ += std::chrono::milliseconds(fuzz::number_at(line, 100000));
      take(machine_.overdue(now_));
    } else if (fuzz::take_word(line, "!exit")) {
      exit({false, static_cast<int>(fuzz::number_at(line, 255))});
    } else {
      simple(line);
    }
  }

  /// However it went: told to end, it ends within its ladder, and every job has had its answer.
  void finish() {
    if (!dead()) take(machine_.stop(now_));
    for (int rungs = 0; !dead() && machine_.deadline(); ++rungs) {
      STUDIO_ASSERT(rungs < 6);
      late();
    }
    if (!dead()) exit({true, killed_ ? SIGKILL : SIGTERM});
    STUDIO_ASSERT(dead() && !machine_.deadline() && !waiting_);
  }

 private:
  void simple(std::string_view event) {
    if (event == "!cancel") take(machine_.cancel(now_));
    if (event == "!stop") take(machine_.stop(now_));
    if (event == "!late") late();
    if (event == "!closed") take(machine_.closed(true, now_));
    if (event == "!kill") exit({true, SIGKILL});
  }

  void late() {
    const auto due = machine_.deadline();
    if (!due) return;
    now_ = std::max(now_, *due);
    take(machine_.overdue(now_));
    STUDIO_ASSERT(!machine_.deadline() || *machine_.deadline() > now_);
  }

  void submit(std::string_view job, bool needs_load) {
    if (job.empty() || !machine_.accepts()) return;
    waiting_ = true;
    take(machine_.submit({base::JobId(std::string(job)), needs_load, std::chrono::seconds(5), std::chrono::seconds(30)},
                         now_));
  }

  void exit(process::ExitStatus status) {
    take(machine_.exited(status, "last words"));
    STUDIO_ASSERT(!waiting_);
  }

  void hear(const std::string& text) {
    const auto frame = decode(text);
    if (!frame) {
      STUDIO_ASSERT(frame.error().code == base::Code::kInvalid);
      fuzz::require_printable(frame.error().message);
      take(machine_.broke_protocol(frame.error().message, now_));
      return;
    }
    text_ = &text;
    std::visit([this](const auto& known) { on(known); }, *frame);
  }

  void on(const ReadyFrame& frame) { take(machine_.ready(frame.protocol, now_)); }
  void on(const LoadedFrame&) { take(machine_.loaded(now_)); }
  void on(const ProgressFrame& frame) {
    check_encoders(frame.job.str(), "");
    fuzz::require_printable(frame.progress.note);
    STUDIO_ASSERT(!frame.progress.fraction || (*frame.progress.fraction >= 0 && *frame.progress.fraction <= 1));
    if (machine_.is_current(frame.job)) take(machine_.alive(now_));
  }
  void on(const LogFrame&) { take(machine_.alive(now_)); }
  void on(const FailedFrame& frame) {
    fuzz::require_printable(frame.failure.message);
    STUDIO_ASSERT(!frame.failure.message.empty());
    take(machine_.failed(frame.job, frame.failure, now_));
  }
  void on(const UnknownFrame& frame) { fuzz::require_printable(frame.type); }
  void on(const ResultFrame& frame) {
    check_encoders(frame.job.str(), frame.json);
    if (!frame.json.empty()) STUDIO_ASSERT(parsed(frame.json) == parsed(*text_).at("json"));
    for (const job::Kind kind : {job::Kind::kImage, job::Kind::kLlm}) {
      const auto artifacts = check_result(frame, kind, out_folder());
      if (!artifacts) {
        fuzz::require_printable(artifacts.error().message);
        continue;
      }
      if (const auto* file = std::get_if<job::FileResult>(&*artifacts)) {
        STUDIO_ASSERT(file->path == out_folder() / "result.png" && file->bytes == 5);
      }
      if (machine_.is_current(frame.job)) take(machine_.result(frame.job, *artifacts, now_));
    }
  }

  void take(const Actions& actions) {
    for (const Action& action : actions) std::visit([this](const auto& known) { check(known); }, action);
  }
  void check(const Send& send) {
    const bool of_a_job = send.command == Command::kLoad || send.command == Command::kRun;
    STUDIO_ASSERT(waiting_ || !of_a_job);
    STUDIO_ASSERT(!killed_);
  }
  void check(const Signal& signal) { killed_ = killed_ || signal.number == SIGKILL; }
  void check(const Finish& finish) {
    STUDIO_ASSERT(waiting_);
    waiting_ = false;
    const auto* failure = std::get_if<job::Failure>(&finish.outcome);
    STUDIO_ASSERT(failure == nullptr || !failure->message.empty());
  }

  base::SteadyTime now_{std::chrono::hours(1)};
  InstanceMachine machine_{"fake", Patience{std::chrono::seconds(10), std::chrono::seconds(60),
                                            std::chrono::milliseconds(250), std::chrono::milliseconds(1500)}};
  bool waiting_ = false;
  bool killed_ = false;
  const std::string* text_ = nullptr;
};

}  // namespace

void fuzz::run(std::string_view input) {
  Driver driver;
  for (Lines lines(input); !driver.dead();) {
    const auto line = lines.next();
    if (!line) break;
    driver.step(*line);
  }
  driver.finish();
}
