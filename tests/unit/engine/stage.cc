#include "stage.h"

#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

namespace engine {
namespace {

constexpr auto kTestLimit = std::chrono::seconds(60);

int open_fifo(const std::filesystem::path& path) {
  STUDIO_ASSERT(::mkfifo(path.c_str(), 0600) == 0);
  // Both ways, so that it has no end while no engine runs.
  return ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

}  // namespace

Stage::Stage()
    : clock_(base::make_system_clock()),
      dir_(std::move(base::TempDir::create("engine-test")).value()),
      reports_(io_, open_fifo(dir_.path() / "reports")),
      tasks_(io_.get_executor()) {}

Manifest Stage::manifest(const std::string& start) const {
  Manifest manifest;
  manifest.name = "fake";
  manifest.folder = std::filesystem::path(FAKE_ENGINE).parent_path();
  manifest.command = {std::filesystem::path(FAKE_ENGINE).filename(), start, dir_.path() / "reports"};
  manifest.serves = {"sd-cpp"};
  manifest.models = {{job::Kind::kImage, {"fake"}}, {job::Kind::kLlm, {"fake"}}};
  manifest.instance_key = {"model"};
  manifest.needs_gpu = true;
  manifest.term_again = std::chrono::seconds(5);
  manifest.kill_after = std::chrono::seconds(15);
  return manifest;
}

void Stage::play(std::vector<Manifest> manifests, Script script) {
  pool_ = make_engine_pool(io_.get_executor(), *clock_, std::move(manifests), dir_.path() / "scratch");
  tasks_.spawn("script", play_to_the_end(script));
  io_.run_for(kTestLimit);
  EXPECT_TRUE(ended_) << "the script did not come to its end";
  EXPECT_TRUE(io_.stopped()) << "something is left on the loop";
  EXPECT_EQ(children(), 0U);
}

asio::awaitable<void> Stage::play_to_the_end(Script script) {
  co_await script(*this);
  co_await pool_->stop();
  ended_ = true;
}

RunRequest Stage::request(const std::string& prompt, job::Kind kind) {
  RunRequest request;
  request.job = base::JobId("job-" + std::to_string(next_job_++));
  request.kind = kind;
  request.model = base::ModelId("model-a");
  request.engine = "sd-cpp";
  request.task = std::make_shared<const std::string>(R"({"kind":")" + std::string(to_string(kind)) + R"(","prompt":)" +
                                                     boost::json::serialize(boost::json::string(prompt)) + "}");
  request.out_dir = dir_.path() / request.job.str();
  std::filesystem::create_directory(request.out_dir);
  return request;
}

asio::awaitable<Answer> Stage::run(std::string prompt, job::Kind kind) {
  auto wanted = request(prompt, kind);
  std::function<void(const Progress&)> note = [this](const Progress& seen) { progress.push_back(seen); };
  co_return co_await pool_->run(std::move(wanted), std::move(note));
}

void Stage::start(Background& background, RunRequest request) {
  background.task = tasks_.spawn("job", run_in_background(background, std::move(request)));
}

asio::awaitable<void> Stage::run_in_background(Background& background, RunRequest request) {
  std::function<void(const Progress&)> note = [this](const Progress& seen) { progress.push_back(seen); };
  auto answer = co_await pool_->run(std::move(request), std::move(note));
  background.answer = std::move(answer);
  background.done.notify();
}

asio::awaitable<Answer> Stage::finish(Background& background) {
  while (!background.answer) co_await background.done.wait();
  co_return *background.answer;
}

asio::awaitable<pid_t> Stage::hears(std::string stage) {
  for (;;) {
    const auto found = heard_.find(stage + " ");
    const auto end = found == std::string::npos ? found : heard_.find('\n', found);
    if (end != std::string::npos) {
      const pid_t pid = std::stoi(heard_.substr(found + stage.size() + 1, end - found));
      heard_.erase(0, end + 1);
      co_return pid;
    }
    std::array<char, 512> chunk{};
    auto buffer = asio::buffer(chunk);
    const auto [error, got] = co_await reports_.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
    heard_.append(chunk.data(), got);
  }
}

std::string json_of(const Answer& answer) {
  const auto* artifacts = std::get_if<job::Artifacts>(&answer);
  const auto* json = artifacts != nullptr ? std::get_if<job::JsonResult>(artifacts) : nullptr;
  return json != nullptr ? json->text : std::string();
}

std::string failure_of(const Answer& answer) {
  const auto* failure = std::get_if<job::Failure>(&answer);
  if (failure == nullptr) return {};
  return std::string(to_string(failure->failure)) + ": " + failure->message;
}

long number_in(const Answer& answer, std::string_view key) {
  const std::string text = json_of(answer);
  const auto found = text.find("\"" + std::string(key) + "\":");
  return found == std::string::npos ? -1 : std::stol(text.substr(found + key.size() + 3));
}

bool goes_away(pid_t pid) {
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return true;
  pollfd ended{process.get(), POLLIN, 0};
  return ::poll(&ended, 1, 10'000) == 1;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::size_t children() {
  std::size_t count = 0;
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) return count;
    ++count;
    if (info.si_pid == 0) return count;
  }
}

}  // namespace engine
