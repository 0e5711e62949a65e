// An engine that does what the first word of its prompt says; any other prompt is answered well.
//
//   slow:S       reports progress for S seconds, heeds a cancel     hang         never answers
//   crash        ends by SIGSEGV                                     stubborn     the same, and ignores SIGTERM
//   exit:N       ends with exit code N                               flood:N      N long lines on stderr, then answers
//   badframe     sends a frame that is no JSON                       oversize     announces a frame longer than allowed
//   escape       names a result outside its folder                   missing      names a result that does not exist
//   fail:CLASS   fails with that class                               grandchild   leaves a child with all descriptors
//   daemon       leaves a child in a session of its own              fill:N       answers with a file of N zeros
//   sparse:N     the same, without a block on the disk
//
// The model `loadslow:S` takes S seconds to load, `loadfail` does not load. With --noready hello is never answered.

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include "engine_sdk/serve.h"

namespace {

namespace json = boost::json;
namespace sdk = engine_sdk;
using sdk::Failure;
using sdk::FailureClass;
using Seconds = std::chrono::duration<double>;

/// A whole PNG of one pixel.
constexpr std::string_view kGreyDot(
    "\x89PNG\r\n\x1a\n"
    "\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55"
    "\0\0\0\x0aIDAT\x78\x9c\x63\xa8\x07\0\0\x81\0\x80\xd3\x94\x53\x4a"
    "\0\0\0\0IEND\xae\x42\x60\x82",
    67);

constexpr unsigned kOrphanSeconds = 120;  // nobody's child goes away by itself, should a test lose it

/// "slow:2.5 and more" as its name and its argument.
struct Command {
  std::string name;
  std::string argument;
};

Command command_of(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos) return {std::string(word), {}};
  return {std::string(word.substr(0, colon)), std::string(word.substr(colon + 1))};
}

double number_of(const Command& command, double otherwise) {
  return command.argument.empty() ? otherwise : std::strtod(command.argument.c_str(), nullptr);
}

std::string prompt_of(const json::object& task) {
  if (const json::value* prompt = task.if_contains("prompt")) return std::string(prompt->as_string());
  const json::array& messages = task.at("messages").as_array();
  return messages.empty() ? std::string() : std::string(messages.back().at("content").as_string());
}

[[noreturn]] void hang() {
  for (;;) ::pause();
}

void send_raw(std::string_view bytes) {
  if (::write(sdk::kSocketFd, bytes.data(), bytes.size()) < 0) std::perror("fake-engine: write");
}

/// Returns once the child is where it is to be.
void leave_grandchild(bool in_its_own_session) {
  int settled[2];
  if (::pipe2(settled, O_CLOEXEC) != 0) std::abort();
  if (::fork() != 0) {
    ::close(settled[1]);
    char end = 0;
    while (::read(settled[0], &end, 1) < 0 && errno == EINTR) {
    }
    ::close(settled[0]);
    return;
  }
  if (in_its_own_session) {
    ::setsid();
    // Whoever reads the test's output must not wait for it.
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
  }
  ::alarm(kOrphanSeconds);
  ::close(settled[0]);
  ::close(settled[1]);
  hang();
}

sdk::Outcome large_result(const sdk::Job& job, double bytes, bool sparse) {
  const std::string path = job.out_dir + "/result.png";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return Failure{FailureClass::kCrashed, "cannot create result.png"};
  const auto size = static_cast<off_t>(bytes);
  const bool made = sparse ? ::ftruncate(file, size) == 0 : ::posix_fallocate(file, 0, size) == 0;
  ::close(file);
  if (!made) return Failure{FailureClass::kCrashed, "no space left for result.png"};
  return sdk::FileResult{"result.png", "png"};
}

void flood(double lines) {
  const std::string line(200, 'x');
  for (double i = 0; i < lines; ++i) std::fprintf(stderr, "%.0f %s\n", i, line.c_str());
}

void work_slowly(double seconds, sdk::Progress& progress) {
  constexpr std::uint32_t kSteps = 20;
  for (std::uint32_t step = 1; step <= kSteps && !progress.cancelled(); ++step) {
    std::this_thread::sleep_for(Seconds(seconds / kSteps));
    progress.step(step, kSteps, "working");
  }
}

Failure fail_with(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(FailureClass::kUnsupported); ++i) {
    const auto kind = static_cast<FailureClass>(i);
    if (sdk::to_string(kind) == name) return {kind, "failed as asked"};
  }
  return {FailureClass::kBadRequest, "there is no failure class " + std::string(name)};
}

sdk::Outcome answer(const sdk::Job& job, const std::string& prompt) {
  if (job.task.contains("messages")) {
    return sdk::JsonResult{{{"object", "chat.completion"},
                            {"model", "fake"},
                            {"choices", json::array{{{"index", 0},
                                                     {"message", {{"role", "assistant"}, {"content", prompt}}},
                                                     {"finish_reason", "stop"}}}},
                            {"usage", {{"prompt_tokens", 1}, {"completion_tokens", 1}, {"total_tokens", 2}}}}};
  }
  const std::string name = "result.png";
  const std::string path = job.out_dir + "/" + name;
  std::FILE* file = std::fopen(path.c_str(), "wbx");
  if (file == nullptr) return Failure{FailureClass::kCrashed, "cannot write " + name};
  std::fwrite(kGreyDot.data(), 1, kGreyDot.size(), file);
  std::fclose(file);
  return sdk::FileResult{name, "png"};
}

class FakeEngine final : public sdk::Engine {
 public:
  explicit FakeEngine(bool answers_hello) : answers_hello_(answers_hello) {}

  sdk::Ready describe(const sdk::Hello&) override {
    if (!answers_hello_) hang();
    return {.name = "fake", .version = "1", .kinds = {"image", "llm"}, .models = {"fake-image", "fake-llm"}};
  }

  sdk::LoadOutcome load(const sdk::Model& model) override {
    const Command command = command_of(model.id);
    if (command.name == "loadslow") std::this_thread::sleep_for(Seconds(number_of(command, 1)));
    if (command.name == "loadfail") return Failure{FailureClass::kModelLoadFailed, "the model does not load"};
    return sdk::Loaded{.vram_bytes = 1 << 20};
  }

  sdk::Outcome run(const sdk::Job& job, sdk::Progress& progress) override {
    const std::string prompt = prompt_of(job.task);
    const Command command = command_of(prompt);
    if (command.name == "stubborn") std::signal(SIGTERM, SIG_IGN);
    if (command.name == "hang" || command.name == "stubborn") hang();
    if (command.name == "crash") std::raise(SIGSEGV);
    if (command.name == "exit") std::_Exit(static_cast<int>(number_of(command, 0)));
    if (command.name == "fail") return fail_with(command.argument);
    if (command.name == "escape") return sdk::FileResult{"../x", "png"};
    if (command.name == "missing") return sdk::FileResult{"nothing.png", "png"};
    if (command.name == "badframe") send_raw(std::string_view("\x05\0\0\0hello", 9));
    if (command.name == "oversize") send_raw(std::string_view("\x01\0\0\x04{", 5));
    if (command.name == "flood") flood(number_of(command, 20'000));
    if (command.name == "grandchild") leave_grandchild(false);
    if (command.name == "daemon") leave_grandchild(true);
    if (command.name == "fill") return large_result(job, number_of(command, 1), false);
    if (command.name == "sparse") return large_result(job, number_of(command, 1), true);
    if (command.name == "slow") work_slowly(number_of(command, 1), progress);
    return answer(job, prompt);
  }

 private:
  bool answers_hello_;
};

}  // namespace

int main(int argc, char** argv) {
  bool answers_hello = true;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--noready") answers_hello = false;
  }
  FakeEngine engine(answers_hello);
  return sdk::serve(engine);
}
