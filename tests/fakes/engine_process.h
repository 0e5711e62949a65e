#pragma once
// An engine program started as the core starts it, with the test in the core's place.

#include <array>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <vector>

#include <boost/json.hpp>

#include "base/files.h"
#include "base/unique_fd.h"
#include "engine_sdk/frames.h"

namespace fakes {

class EngineProcess {
 public:
  explicit EngineProcess(const std::string& program, std::vector<std::string> arguments = {})
      : folder_(base::TempDir::create("engine").value()) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    ours_.reset(pair[0]);
    const base::UniqueFd theirs(pair[1]);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(ours_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    start(program, std::move(arguments), theirs.get());
  }

  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;
  ~EngineProcess() {
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
    if (pid_ > 0 && !reaped_) ::waitpid(pid_, nullptr, 0);
  }

  void send(const boost::json::object& message) { EXPECT_TRUE(engine_sdk::FrameWriter(ours_.get()).send(message)); }

  void send_raw(std::string_view bytes) {
    EXPECT_EQ(::send(ours_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  /// The next frame; an empty object when the engine closed the socket or stays silent.
  boost::json::object receive() {
    if (!reader_) reader_.emplace(ours_.get());
    const engine_sdk::Frame frame = reader_->read();
    if (frame.status != engine_sdk::ReadStatus::kFrame) return {};
    return boost::json::parse({frame.text.data(), frame.text.size()}).as_object();
  }

  bool is_silent_for(std::chrono::milliseconds span) {
    pollfd descriptor{.fd = ours_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&descriptor, 1, static_cast<int>(span.count())) == 0;
  }

  /// The next frame that is not about progress.
  boost::json::object receive_answer() {
    for (;;) {
      boost::json::object message = receive();
      if (message.empty() || (message.at("type") != "progress" && message.at("type") != "log")) return message;
    }
  }

  boost::json::object say_hello() {
    send({{"type", "hello"}, {"protocol", 1}, {"gpu", nullptr}, {"settings", boost::json::object()}});
    return receive();
  }

  boost::json::object load(std::string_view model, boost::json::array files = {}) {
    send({{"type", "load"}, {"model", model}, {"files", std::move(files)}, {"defaults", boost::json::object()}});
    return receive();
  }

  /// Starts a job whose results go into a folder of its own.
  void start_job(std::string_view job, boost::json::value task, boost::json::array inputs = {}) {
    std::filesystem::create_directory(out_dir(job));
    send({{"type", "run"},
          {"job", job},
          {"task", std::move(task)},
          {"inputs", std::move(inputs)},
          {"out_dir", out_dir(job)}});
  }

  boost::json::object run(std::string_view job, boost::json::value task, boost::json::array inputs = {}) {
    start_job(job, std::move(task), std::move(inputs));
    return receive_answer();
  }

  std::string out_dir(std::string_view job) const { return (folder_.path() / job).string(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

  void hang_up() { ours_.reset(); }
  pid_t pid() const { return pid_; }

  /// What waitpid says of the engine; waits for its end.
  int wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    reaped_ = true;
    return status;
  }

  std::string stderr_text() const {
    std::ifstream file(folder_.path() / "stderr");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  void start(const std::string& program, std::vector<std::string> arguments, int socket) {
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_.path() / "stderr").c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_adddup2(&actions, socket, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    EXPECT_EQ(::posix_spawnp(&pid_, program.c_str(), &actions, &attributes, argv.data(), environ), 0) << program;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }

  base::TempDir folder_;
  base::UniqueFd ours_;
  std::optional<engine_sdk::FrameReader> reader_;
  pid_t pid_ = -1;
  bool reaped_ = false;
};

}  // namespace fakes
