#include "engine_sdk/serve.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <malloc.h>
#include <mutex>
#include <new>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "engine_sdk/frames.h"
#include "engine_sdk/messages.h"

namespace engine_sdk {
namespace json = boost::json;
namespace {

constexpr std::size_t kLargeFrame = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 1024;  // of JSON; a schema inside a task may be deep
constexpr int kBrokenConversation = 2;

/// By default the first large task that is freed teaches the allocator to keep all later ones in its heap (mallopt(3),
/// M_MMAP_THRESHOLD). Smaller blocks, such as the buffers of a picture, stay for the next job.
void return_large_blocks() {
  constexpr int kLarge = 8 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, 2 * kLarge);
}

void complain(const std::string& what) {
  std::fprintf(stderr, "engine: %s\n", what.c_str());
}

/// A load or run frame with the memory it lives in; everything is given back together when the work is done.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): first_block is scratch for the resource
struct Work {
  std::array<unsigned char, 16UL * 1024> first_block;
  json::monotonic_resource memory{first_block.data(), first_block.size()};
  json::value frame = json::value(json::storage_ptr(&memory));
  bool is_run = false;
  bool is_large = false;
};

/// Runs `call`; what it throws becomes a failure, because the core waits for an answer.
template <class Outcome, class Call>
Outcome guarded(Call call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Failure{FailureClass::kOomRam, "the engine ran out of memory"};
  } catch (const std::exception& error) {
    return Failure{FailureClass::kCrashed, std::string("the engine failed: ") + error.what()};
  }
}

/// Two threads take turns: one reads, and when what it read is work, it gives the reading away and does the work. So a
/// cancel is seen during a job, and a job starts without waiting for another thread to wake up.
class Server {
 public:
  Server(Engine& engine, int fd) : engine_(engine), reader_(fd), writer_(fd) {}

  int run() {
    std::thread other([this] { take_turns(); });
    take_turns();
    other.join();
    return exit_code_;
  }

 private:
  void take_turns();
  bool read_until_work(Work& work);
  bool parse(std::string_view text, Work& work);
  bool greet(const json::object& frame);
  void cancel(std::string_view job);
  bool stop(int exit_code);
  bool begin(const Work& work);
  void perform(const Work& work);
  void load(const json::object& frame);
  void run_job(const json::object& frame);
  void send_outcome(const std::string& job, Outcome outcome);
  void fail(std::string_view subject, std::string_view id, FailureClass kind, std::string message);
  void send(const json::object& message);

  Engine& engine_;
  FrameReader reader_;
  FrameWriter writer_;

  std::mutex reading_;  // guards reader_ and the three below
  bool stopping_ = false;
  bool greeted_ = false;
  int exit_code_ = 0;

  std::mutex state_;  // guards the two below
  bool busy_ = false;
  std::string current_job_;
  std::atomic<bool> cancelled_ = false;
  bool loaded_ = false;  // touched by the thread that works
};

void Server::take_turns() {
  for (;;) {
    bool large = false;
    {
      Work work;
      std::unique_lock turn(reading_);
      if (stopping_ || !read_until_work(work)) return;
      turn.unlock();
      large = work.is_large;
      perform(work);
    }
    if (large) ::malloc_trim(0);
  }
}

/// True with a frame of work in `work`; false when the conversation is over.
bool Server::read_until_work(Work& work) {
  for (;;) {
    const Frame frame = reader_.read();
    if (frame.status == ReadStatus::kClosed) std::_Exit(0);
    if (frame.status == ReadStatus::kTooLarge) {
      complain("a frame longer than " + std::to_string(kMaxFrame) + " bytes came from the worker");
      return stop(kBrokenConversation);
    }
    if (!parse(frame.text, work)) {
      complain("a frame from the worker is no JSON object");
      return stop(kBrokenConversation);
    }
    const json::object& message = work.frame.get_object();
    const std::string_view type = text_of(message, "type");
    if (type == "run" || type == "load") {
      work.is_run = type == "run";
      if (begin(work)) return true;
    } else if (type == "hello") {
      if (!greet(message)) return stop(kBrokenConversation);
    } else if (type == "cancel") {
      cancel(text_of(message, "job"));
    } else if (type == "quit") {
      return stop(0);
    }
  }
}

bool Server::parse(std::string_view text, Work& work) {
  work.frame = nullptr;
  work.memory.release();
  work.is_large = text.size() > kLargeFrame;
  json::error_code error;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  work.frame = json::parse({text.data(), text.size()}, error, &work.memory, options);
  reader_.release();
  return !error && work.frame.is_object();
}

bool Server::greet(const json::object& frame) {
  const auto hello = read_hello(frame);
  if (const auto* malformed = std::get_if<Malformed>(&hello)) {
    complain(malformed->what);
    return false;
  }
  send(ready_frame(engine_.describe(std::get<Hello>(hello))));
  greeted_ = true;
  return true;
}

void Server::cancel(std::string_view job) {
  const std::lock_guard lock(state_);
  if (busy_ && job == current_job_) cancelled_ = true;
}

bool Server::stop(int exit_code) {
  {
    const std::lock_guard lock(state_);
    if (busy_) std::_Exit(exit_code);
  }
  stopping_ = true;
  exit_code_ = exit_code;
  return false;
}

/// Claims the engine for the work; answers at once when that cannot be.
bool Server::begin(const Work& work) {
  const json::object& frame = work.frame.get_object();
  const std::string_view subject = work.is_run ? "job" : "model";
  const std::string_view id = text_of(frame, subject);
  if (!greeted_) {
    fail(subject, id, FailureClass::kBadRequest, "hello must come before anything else");
    return false;
  }
  const std::lock_guard lock(state_);
  if (busy_) {
    fail(subject, id, FailureClass::kBadRequest, "the engine is busy: it does one thing at a time");
    return false;
  }
  busy_ = true;
  cancelled_ = false;
  current_job_ = work.is_run ? id : std::string_view();
  return true;
}

void Server::perform(const Work& work) {
  const json::object& frame = work.frame.get_object();
  if (work.is_run) {
    run_job(frame);
  } else {
    load(frame);
  }
}

void Server::load(const json::object& frame) {
  const auto parsed = read_load(frame);
  json::object answer;
  if (const auto* malformed = std::get_if<Malformed>(&parsed)) {
    answer = failed_frame("model", text_of(frame, "model"), {FailureClass::kBadRequest, malformed->what});
  } else {
    const Model& model = std::get<Model>(parsed);
    const auto outcome = guarded<LoadOutcome>([&] { return engine_.load(model); });
    const auto* failure = std::get_if<Failure>(&outcome);
    loaded_ = failure == nullptr;
    answer = loaded_ ? loaded_frame(model.id, std::get<Loaded>(outcome)) : failed_frame("model", model.id, *failure);
  }
  const std::lock_guard lock(state_);
  busy_ = false;
  send(answer);
}

void Server::run_job(const json::object& frame) {
  const auto parsed = read_run(frame);
  if (const auto* malformed = std::get_if<Malformed>(&parsed)) {
    return send_outcome(std::string(text_of(frame, "job")), Failure{FailureClass::kBadRequest, malformed->what});
  }
  const Job& job = std::get<Job>(parsed);
  if (!loaded_) {
    return send_outcome(job.id, Failure{FailureClass::kBadRequest, "no model is loaded: load must come before run"});
  }
  Progress progress(writer_, job.id, cancelled_);
  send_outcome(job.id, guarded<Outcome>([&] { return engine_.run(job, progress); }));
}

/// The engine is free again before the core can read the answer, so the next job never meets a busy engine.
void Server::send_outcome(const std::string& job, Outcome outcome) {
  const std::lock_guard lock(state_);
  busy_ = false;
  if (cancelled_) outcome = Failure{FailureClass::kCancelled, "cancelled by the worker"};
  if (auto* failure = std::get_if<Failure>(&outcome)) return send(failed_frame("job", job, *failure));
  if (auto* file = std::get_if<FileResult>(&outcome)) return send(result_frame(job, std::move(*file)));
  const json::object answer = result_frame(job, std::move(std::get<JsonResult>(outcome)));
  if (writer_.send(answer)) return;
  fail("job", job, FailureClass::kCrashed, "the engine's JSON result is longer than a frame may be");
}

void Server::fail(std::string_view subject, std::string_view id, FailureClass kind, std::string message) {
  send(failed_frame(subject, id, {kind, std::move(message)}));
}

void Server::send(const json::object& message) {
  writer_.send(message);
  if (writer_.closed()) std::_Exit(0);
}

void send_progress(FrameWriter& writer, json::object frame, std::string_view note) {
  if (!note.empty()) frame.emplace("note", note);
  writer.send(frame);
}

}  // namespace

void Progress::fraction(double done, std::string_view note) {
  send_progress(writer_, {{"type", "progress"}, {"job", job_}, {"fraction", done}}, note);
}

void Progress::step(std::uint32_t step, std::uint32_t steps, std::string_view note) {
  json::object frame{{"type", "progress"}, {"job", job_}, {"step", step}, {"steps", steps}};
  if (steps > 0) frame.emplace("fraction", static_cast<double>(step) / steps);
  send_progress(writer_, std::move(frame), note);
}

void Progress::log(std::string_view level, std::string_view text) {
  writer_.send(json::object{{"type", "log"}, {"job", job_}, {"level", level}, {"text", text}});
}

int serve(Engine& engine, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISSOCK(info.st_mode)) {
    complain("this program is started by studio-worker, with a socket on descriptor " + std::to_string(fd));
    return kBrokenConversation;
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return_large_blocks();
  return Server(engine, fd).run();
}

}  // namespace engine_sdk
